// Random histories of live events over the loss of the state folder: what is read back from the
// index, and what events then make of it.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "histories.h"
#include "syncd/readmodel/event_file.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/journal.h"

namespace syncd {
namespace {

namespace json = boost::json;

// One life of a state folder: from its beginning, or its hydration, to its loss.
class Life {
 public:
  Life(ClusterIndex& index, uint64_t epoch, bool hydrated) : index_(index), epoch_(epoch) {
    EXPECT_TRUE(Journal::Open(folder_.path()).ok());
    log_ = *EventLog::Open(folder_.path(), TisPlan());
    if (hydrated) {
      const auto report = Hydrate(path_, index.Show(), TisPlan(), log_->head());
      EXPECT_TRUE(report.ok()) << report.status();
    } else {
      EXPECT_TRUE(GenerationFile::Create(path_, TisPlan(), HydratedRun(), Durability::kOff).ok());
    }
    events_ = *EventFile::Open(path_);
    reader_ = *EventLogReader::Open(folder_.path());
  }

  void Take(const Change& change) {
    const auto journalled = log_->Append({{change.channel, change.body, {}}});
    ASSERT_TRUE(journalled.ok()) << journalled.status();
    needed_.push_back(*journalled);
  }

  // Sends what there is; after so many documents the folder is lost sight of.
  void Work(int documents = 1 << 20) {
    const auto events = reader_->Read(events_->cursor(), log_->head(), 1000, 1 << 20);
    ASSERT_TRUE(events.ok());
    ASSERT_TRUE(events_->Apply(*events, log_->head()).ok());
    const absl::Status drained =
        events_->Drain([&](const std::vector<DocumentChange>& changes,
                           uint64_t position) -> absl::StatusOr<std::vector<size_t>> {
          for (const DocumentChange& change : changes) {
            if (documents-- <= 0) return absl::UnavailableError("lost");
            index_.Write(change, epoch_ << 40 | position);
          }
          return std::vector<size_t>();
        });
    ASSERT_TRUE(drained.ok() || absl::IsUnavailable(drained)) << drained;
  }

  // How many messages, from the first on, are answered for.
  size_t Answered() {
    const uint64_t answered = *events_->Answered();
    size_t count = 0;
    while (count < needed_.size() && needed_[count] <= answered) ++count;
    return count;
  }

  const std::string& path() const { return path_; }
  std::map<std::string, uint64_t> Expected() { return *events_->ExpectedDocuments(); }

 private:
  TestFolder folder_;
  const std::string path_ = folder_.File("v1.db");
  ClusterIndex& index_;
  const uint64_t epoch_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<EventFile> events_;
  std::unique_ptr<EventLogReader> reader_;
  std::vector<uint64_t> needed_;
};

void Set(State& state, const Change& change) {
  for (const auto& [name, record] : change.sets) state[name] = record;
}

// What documents can hold of `state`, by the rules of the domain.
State Hydratable(const State& state) {
  std::set<std::string> shown, hidden;
  for (const auto& [name, record] : state) {
    if (!record) continue;
    if (name.first == "doctor") shown.insert(record->at("gmcReferenceNumber"));
    if (name.first == "trainee") shown.insert(record->at("gmcReferenceNumber"));
  }
  State left;
  for (const auto& [name, record] : state) {
    if (!record) continue;
    const bool by_id = name.first == "connection_log" || name.first == "hidden_discrepancy";
    const std::string gmc = record->at(by_id ? "gmcId" : "gmcReferenceNumber");
    if (gmc == "NULL" || !shown.contains(gmc)) continue;
    // All are hidden for no body at all, and of these the first id is shown.
    if (name.first == "hidden_discrepancy" && !hidden.insert(gmc).second) continue;
    left[name] = record;
    if (name.first != "trainee") continue;
    const auto doctor = state.find({"doctor", gmc.substr(1, gmc.size() - 2)});
    if (doctor == state.end() || !doctor->second) continue;
    (*left[name])["doctorLastName"] = doctor->second->at("doctorLastName");
  }
  return left;
}

// Everything is answered for when the folder is lost: what comes later meets all that documents can
// hold.
TEST(HydratedHistory, EventsGiveTheDocumentsOfTheRecords) {
  for (unsigned seed = 1; seed <= 8 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    State state;
    ClusterIndex index;
    for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
      Life life(index, epoch, epoch > 1);
      life.Work();
      for (int i = 0; i < 15; ++i) {
        const Change change = world.Next();
        Set(state, change);
        life.Take(change);
        if (world.Below(3) == 0) life.Work();
      }
      life.Work();
      EXPECT_EQ(index.Show(), ProjectState(state));
      EXPECT_EQ(life.Expected(), CountsOf(index.Show()));
      state = Hydratable(state);
    }
  }
}

// What of a document doesn't depend on what got lost.
std::map<std::string, std::string> Sure(const Documents& documents) {
  std::map<std::string, std::string> sure;
  for (const auto& [id, text] : documents) {
    const json::object document = json::parse(text).as_object();
    std::string& of = sure[id];
    for (const char* field : {"tcsPersonId", "gmcReferenceNumber", "programmeName", "existsInGmc"})
      if (document.contains(field)) of += json::serialize(document.at(field)) + "|";
  }
  return sure;
}

// The folder is lost in the middle of sending; what is not answered for comes again. Nothing stays
// behind in the index that no record accounts for.
TEST(HydratedHistory, WhatIsCutOffInTheMiddleIsPutRight) {
  for (unsigned seed = 1; seed <= 8 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    State state;
    ClusterIndex index;
    std::vector<Change> again;
    for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
      Life life(index, epoch, epoch > 1);
      std::vector<Change> taken = std::exchange(again, {});
      for (const Change& change : taken) life.Take(change);
      for (int i = 0; i < 20; ++i) {
        taken.push_back(world.Next());
        Set(state, taken.back());
        life.Take(taken.back());
        if (world.Below(4) == 0) life.Work();
      }
      if (epoch < 3) {
        life.Work(world.Below(20));
        again.assign(taken.begin() + static_cast<long>(life.Answered()), taken.end());
        continue;
      }
      life.Work();
      EXPECT_EQ(index.Show(), ProjectAll(life.path()));
      EXPECT_EQ(life.Expected(), CountsOf(index.Show()));
      EXPECT_EQ(Sure(index.Show()["masterdoctorindex"]),
                Sure(ProjectState(state)["masterdoctorindex"]));
    }
  }
}

}  // namespace
}  // namespace syncd
