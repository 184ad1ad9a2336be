// What random histories end with: an index as a cluster keeps it, and what it should hold.
#ifndef TESTS_UNIT_READMODEL_HISTORIES_H_
#define TESTS_UNIT_READMODEL_HISTORIES_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "hydrating.h"
#include "random_changes.h"
#include "syncd/readmodel/event_file.h"

namespace syncd {

// Of two writes of one document the higher version stays, also beside a delete.
class ClusterIndex {
 public:
  void Write(const DocumentChange& change, uint64_t version) {
    Entry& entry = entries_[{change.family, change.id}];
    if (!entry.written || version > entry.version) entry = {version, true, change.document};
  }

  // With the families that have no document.
  Families Show() const {
    Families shown;
    for (const PlanFamily& family : TisPlan().families) shown[family.name];
    for (const auto& [name, entry] : entries_) {
      if (entry.document) shown[name.first][name.second] = *entry.document;
    }
    return shown;
  }

 private:
  struct Entry {
    uint64_t version = 0;
    bool written = false;
    std::optional<std::string> document;
  };

  std::map<std::pair<std::string, std::string>, Entry> entries_;
};

inline std::map<std::string, uint64_t> CountsOf(const Families& shown) {
  std::map<std::string, uint64_t> counts;
  for (const auto& [family, documents] : shown) counts[family] = documents.size();
  return counts;
}

// The documents of `state`, projected as one snapshot.
inline Families ProjectState(const State& state) {
  const TestFolder folder("-state");
  const std::string path = folder.File("v1.db");
  EXPECT_TRUE(GenerationFile::Create(path, TisPlan(), HydratedRun(), Durability::kOff).ok());
  {
    auto db = Database::Open(path, Database::Mode::kReadWrite, Durability::kOff);
    EXPECT_TRUE(db.ok()) << db.status();
    for (const auto& [name, record] : state) {
      if (!record) continue;
      std::string columns, values;
      for (const auto& [column, value] : *record) {
        columns += (columns.empty() ? "" : ", ") + QuoteName(column);
        values += (values.empty() ? "" : ", ") + value;
      }
      const absl::Status s = (*db)->Execute("INSERT INTO " + QuoteName(name.first) + " (" +
                                            columns + ") VALUES (" + values + ")");
      EXPECT_TRUE(s.ok()) << s;
    }
  }
  return ProjectAll(path);
}

}  // namespace syncd

#endif  // TESTS_UNIT_READMODEL_HISTORIES_H_
