// A generation file of the TIS plan, and short ways to fill it and look at it.
#ifndef TESTS_UNIT_READMODEL_TEST_MODEL_H_
#define TESTS_UNIT_READMODEL_TEST_MODEL_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../support/test_folder.h"
#include "../support/tis_plan.h"
#include "syncd/readmodel/generation_file.h"

namespace syncd {

using Documents = std::map<std::string, std::string>;

// A generation file in a folder of its own.
class TestModel {
 public:
  explicit TestModel(const Plan& plan = TisPlan()) {
    auto created = GenerationFile::Create(path(), plan, RunInfo(), Durability::kOff);
    EXPECT_TRUE(created.ok()) << created.status();
    if (created.ok()) file_ = *std::move(created);
  }

  std::string path() const { return folder_.File("v1.db"); }
  GenerationFile& file() { return *file_; }

  // Ingests one body in a batch of its own.
  IngestResult Put(std::string_view channel, std::string_view body) {
    EXPECT_TRUE(file_->BeginBatch().ok());
    auto result = file_->Ingest(channel, body);
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_TRUE(file_->Commit().ok());
    return result.ok() ? *result : IngestResult();
  }

  // Closes the file and opens it again.
  void Reopen() {
    file_.reset();
    auto opened = GenerationFile::Open(path(), Durability::kOff);
    ASSERT_TRUE(opened.ok()) << opened.status();
    file_ = *std::move(opened);
  }

  // The documents of a family by id; an id that comes twice is a failure.
  Documents Project(std::string_view family = "masterdoctorindex") {
    Documents documents;
    const absl::Status status =
        file_->Project(family, [&](std::string_view id, std::string&& document) {
          EXPECT_TRUE(documents.emplace(id, std::move(document)).second) << id;
          return absl::OkStatus();
        });
    EXPECT_TRUE(status.ok()) << status;
    return documents;
  }

  ChannelState Channel(std::string_view name) const {
    for (const ChannelState& state : file_->channels()) {
      if (state.name == name) return state;
    }
    ADD_FAILURE() << name;
    return {};
  }

  // The reasons of all dead letters.
  std::vector<std::string> Reasons() {
    std::vector<std::string> reasons;
    auto letters = file_->dead_letters().List(0, 1000);
    EXPECT_TRUE(letters.ok()) << letters.status();
    for (const DeadLetter& letter : *letters) reasons.push_back(letter.reason);
    return reasons;
  }

 private:
  TestFolder folder_;
  std::unique_ptr<GenerationFile> file_;
};

}  // namespace syncd

#endif  // TESTS_UNIT_READMODEL_TEST_MODEL_H_
