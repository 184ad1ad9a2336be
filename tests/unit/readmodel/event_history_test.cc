// Thousands of random histories of snapshots and live events over the read model alone: what comes
// out of journal, cursors and outbox is what the final state of every record projects to.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "syncd/readmodel/event_file.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/journal.h"
#include "test_model.h"

namespace syncd {
namespace {

constexpr int kPersons = 4;
constexpr int kNumbers = 3;
constexpr int kHidden = 3;

// One record of an owner, as its SQL columns: what the last change has left of it. No record:
// nothing.
using Columns = std::map<std::string, std::string>;  // column to SQL literal
using Record = std::optional<Columns>;

// The state of all records: table and key to record.
using State = std::map<std::pair<std::string, std::string>, Record>;

// A message, and what it does.
struct Change {
  std::string channel;
  std::string body;
  State sets;
};

std::string Gmc(int i) { return "700000" + std::to_string(i); }
std::string Quote(const std::string& text) { return "'" + text + "'"; }

// Writes random changes; each has an order of its own, as change streams have.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

  Change Next() {
    ++time_;
    switch (Below(6)) {
      case 0:
      case 1:
        return Trainee();
      case 2:
        return Doctor();
      case 3:
        return Recommendation();
      case 4:
        return Log();
      default:
        return Hidden();
    }
  }

 private:
  std::string Stamp() const {
    return "\"clusterTime\":{\"$timestamp\":{\"t\":" + std::to_string(1700000000 + time_ / 3) +
           ",\"i\":" + std::to_string(time_ % 3) + "}},\"_id\":{\"_data\":\"82\"}";
  }
  std::string Word() { return "w" + std::to_string(time_); }

  Change Trainee() {
    const std::string person = std::to_string(1 + Below(kPersons));
    const bool detached = Below(4) == 0;
    const std::string gmc = Gmc(Below(kNumbers));
    Change change;
    change.channel = "tcs-updates";
    change.body = "{\"tcsPersonId\":" + person +
                  ",\"gmcReferenceNumber\":" + (detached ? "null" : "\"" + gmc + "\"") +
                  ",\"programmeName\":\"" + Word() + "\"}";
    change.sets[{"trainee", person}] =
        Columns{{"tcsPersonId", person},
                {"gmcReferenceNumber", detached ? "NULL" : Quote(gmc)},
                {"programmeName", Quote(Word())}};
    return change;
  }

  Change Doctor() {
    const std::string gmc = Gmc(Below(kNumbers));
    Change change;
    change.channel = "doctor-changes";
    // Its outcome would outlive it, and no snapshot could say so.
    const bool deleted = Below(5) == 0 && !outcomes_.contains(gmc);
    deleted ? doctors_.erase(gmc) : doctors_.insert(gmc).second;
    const std::string key = Stamp() + ",\"documentKey\":{\"_id\":\"" + gmc + "\"}";
    change.body = deleted ? "{\"operationType\":\"delete\"," + key + "}"
                          : "{\"operationType\":\"update\"," + key +
                                ",\"fullDocument\":{\"doctorLastName\":\"" + Word() +
                                "\",\"existsInGmc\":true,\"admin\":\"" + Word() + "\"}}";
    Record doctor, admin;
    if (!deleted) {
      doctor = Columns{{"gmcReferenceNumber", Quote(gmc)},
                       {"doctorLastName", Quote(Word())},
                       {"existsInGmc", "1"}};
      admin = Columns{{"gmcReferenceNumber", Quote(gmc)}, {"admin", Quote(Word())}};
    }
    change.sets[{"doctor", gmc}] = doctor;
    change.sets[{"admin", gmc}] = admin;
    return change;
  }

  // Only of a doctor that there is: their owner has no recommendation of anybody else.
  Change Recommendation() {
    const std::string gmc = Gmc(Below(kNumbers));
    if (!doctors_.contains(gmc)) return Doctor();
    const bool has_outcome = Below(2) == 0;
    Change change;
    change.channel = "recommendation-changes";
    change.body =
        "{\"operationType\":\"update\"," + Stamp() +
        ",\"documentKey\":{\"_id\":{\"$oid\":\"5f\"}},\"fullDocument\":{\"gmcNumber\":\"" + gmc +
        "\",\"admin\":\"" + Word() + "\"" + (has_outcome ? ",\"outcome\":\"UNDER_REVIEW\"" : "") +
        "}}";
    change.sets[{"admin", gmc}] =
        Columns{{"gmcReferenceNumber", Quote(gmc)}, {"admin", Quote(Word())}};
    if (has_outcome) {
      outcomes_.insert(gmc);
      change.sets[{"outcome", gmc}] =
          Columns{{"gmcReferenceNumber", Quote(gmc)}, {"gmcOutcome", "'Under Review'"}};
    }
    return change;
  }

  Change Log() {
    const std::string gmc = Gmc(Below(kNumbers));
    const bool counts = Below(3) > 0;
    // Hours and minutes rise with the time of the change, as the owner's clock does.
    char at[32];
    std::snprintf(at, sizeof(at), "2026-01-%02dT%02d:%02d:00", 1 + time_ / 1440 % 28,
                  time_ / 60 % 24, time_ % 60);
    Change change;
    change.channel = "connection-changes";
    change.body = "{\"operationType\":\"insert\"," + Stamp() +
                  ",\"documentKey\":{\"_id\":\"c\"},\"fullDocument\":{\"gmcId\":\"" + gmc +
                  "\",\"updatedBy\":\"" + Word() + "\",\"eventDateTime\":\"" + at +
                  "\",\"responseCode\":\"" + (counts ? "0" : "90") + "\"}}";
    if (counts) {
      change.sets[{"connection_log", gmc}] =
          Columns{{"gmcId", Quote(gmc)},
                  {"updatedBy", Quote(Word())},
                  {"eventDateTime", Quote(std::string(at) + ".000")}};
    }
    return change;
  }

  Change Hidden() {
    const std::string id = "h" + std::to_string(Below(kHidden));
    const std::string gmc = Gmc(Below(kNumbers));
    Change change;
    change.channel = "hidden-discrepancy-changes";
    const bool deleted = Below(3) == 0;
    const std::string key = Stamp() + ",\"documentKey\":{\"_id\":{\"$oid\":\"" + id + "\"}}";
    change.body = deleted
                      ? "{\"operationType\":\"delete\"," + key + "}"
                      : "{\"operationType\":\"insert\"," + key + ",\"fullDocument\":{\"gmcId\":\"" +
                            gmc + "\",\"reason\":\"" + Word() + "\"}}";
    Record hidden;
    if (!deleted) {
      hidden = Columns{{"id", Quote(id)}, {"gmcId", Quote(gmc)}, {"reason", Quote(Word())}};
    }
    change.sets[{"hidden_discrepancy", id}] = hidden;
    return change;
  }

  std::mt19937 random_;
  int time_ = 0;
  std::set<std::string> doctors_;   // that there are
  std::set<std::string> outcomes_;  // of whom there is one
};

// An index as a cluster keeps it: of two writes of one document the higher version stays, also
// beside a delete.
class Index {
 public:
  void Write(const DocumentChange& change, uint64_t version) {
    Entry& entry = entries_[{change.family, change.id}];
    if (entry.written && version <= entry.version) return;
    entry = {version, true, change.document};
  }

  std::map<std::string, Documents> Show() const {
    std::map<std::string, Documents> shown;
    for (const auto& [name, entry] : entries_) {
      if (entry.document) shown[name.first][name.second] = *entry.document;
    }
    return shown;
  }

  std::map<std::string, uint64_t> Counts() const {
    std::map<std::string, uint64_t> counts;
    for (const PlanFamily& family : TisPlan().families) counts[family.name] = 0;
    for (const auto& [family, documents] : Show()) counts[family] = documents.size();
    return counts;
  }

 private:
  struct Entry {
    uint64_t version = 0;
    bool written = false;
    std::optional<std::string> document;
  };

  std::map<std::pair<std::string, std::string>, Entry> entries_;
};

// A column's value as JSON.
std::string Json(const Columns& record, const char* column) {
  const auto found = record.find(column);
  if (found == record.end() || found->second == "NULL") return "null";
  std::string value = found->second;
  std::replace(value.begin(), value.end(), '\'', '"');
  return value;
}

std::string Json(const State& state, const std::string& table, const std::string& key,
                 const char* column) {
  const auto found = state.find({table, key});
  return found == state.end() || !found->second ? "null" : Json(*found->second, column);
}

// The snapshot message that carries a record: channel and body. Doctor, admin and outcome come in
// one summary, with the doctor.
std::pair<std::string, std::string> Message(const State& state, const std::string& table,
                                            const std::string& key, const Columns& record) {
  const auto field = [&](const char* name) {
    return "\"" + std::string(name) + "\":" + Json(record, name);
  };
  if (table == "trainee") {
    return {"tcs", "{" + field("tcsPersonId") + "," + field("gmcReferenceNumber") + "," +
                       field("programmeName") + "}"};
  }
  if (table == "connection_log") {
    return {"connection-logs", "{\"payload\":{" + field("gmcId") + "," + field("updatedBy") + "," +
                                   field("eventDateTime") + "}}"};
  }
  if (table == "hidden_discrepancy") {
    return {"hidden-discrepancies",
            "{\"payload\":{" + field("id") + "," + field("gmcId") + "," + field("reason") + "}}"};
  }
  if (table != "doctor") return {};
  return {"gmc", "{\"payload\":{\"doctor\":{" + field("gmcReferenceNumber") + "," +
                     field("doctorLastName") +
                     ",\"existsInGmc\":true,\"admin\":" + Json(state, "admin", key, "admin") +
                     "},\"gmcOutcome\":" + Json(state, "outcome", key, "gmcOutcome") + "}}"};
}

void Insert(Database& db, const State& state) {
  for (const auto& [name, record] : state) {
    if (!record) continue;
    std::string columns, values;
    for (const auto& [column, value] : *record) {
      columns += (columns.empty() ? "" : ", ") + QuoteName(column);
      values += (values.empty() ? "" : ", ") + value;
    }
    const absl::Status s = db.Execute("INSERT INTO " + QuoteName(name.first) + " (" + columns +
                                      ") VALUES (" + values + ")");
    ASSERT_TRUE(s.ok()) << s;
  }
}

std::map<std::string, Documents> ProjectAll(GenerationFile& file) {
  std::map<std::string, Documents> documents;
  for (const PlanFamily& family : file.plan().families) {
    const absl::Status s =
        file.Project(family.name, [&](std::string_view id, std::string&& document) {
          documents[family.name][std::string(id)] = std::move(document);
          return absl::OkStatus();
        });
    EXPECT_TRUE(s.ok()) << s;
  }
  return documents;
}

// One generation with its index, brought up to date at random moments.
class Generation {
 public:
  Generation(const std::string& folder, uint64_t number, EventLog& log, uint64_t cursor)
      : folder_(folder), path_(folder + "/" + GenerationFileName(number)), log_(log) {
    RunInfo run;
    run.event_cursor = cursor;
    auto file = GenerationFile::Create(path_, TisPlan(), run, Durability::kOff);
    EXPECT_TRUE(file.ok()) << file.status();
    file_ = *std::move(file);
    Open();
  }

  // The rows of a snapshot that was read some time ago, as their owners send them: they never
  // replace what an event has set.
  void TakeSnapshot(const State& state) {
    ASSERT_TRUE(file_->BeginBatch().ok());
    for (const auto& [name, record] : state) {
      const auto [channel, body] = record ? Message(state, name.first, name.second, *record)
                                          : std::pair<std::string, std::string>();
      if (channel.empty()) continue;
      const auto taken = file_->Ingest(channel, body);
      ASSERT_TRUE(taken.ok()) << taken.status();
      ASSERT_EQ(taken->rejected, 0u) << body;
    }
    ASSERT_TRUE(file_->Commit().ok());
  }

  void Load() {
    auto run = file_->ReadRun();
    ASSERT_TRUE(run.ok());
    run->stage = RunStage::kLoading;
    ASSERT_TRUE(file_->WriteRun(*run).ok());
    const auto cursor = file_->EventCursor();
    ASSERT_TRUE(cursor.ok());
    std::map<std::string, int64_t> loaded;
    for (const auto& [family, documents] : ProjectAll(*file_)) {
      for (const auto& [id, document] : documents) {
        index_.Write({family, id, document}, *cursor);
      }
      loaded[family] = static_cast<int64_t>(documents.size());
    }
    ASSERT_TRUE(file_->WriteLoaded(loaded).ok());
    loaded_ = true;
  }

  void Apply(int limit) {
    const auto events = reader_->Read(events_->cursor(), log_.head(), limit, 1 << 20);
    ASSERT_TRUE(events.ok()) << events.status();
    if (events->empty()) return;
    const absl::Status s = events_->Apply(*events, events->back().position);
    ASSERT_TRUE(s.ok()) << s;
  }

  // Sends what waits; after `parts` parts the index is lost sight of.
  void Drain(int parts) {
    if (!loaded_) return;
    const absl::Status drained =
        events_->Drain([&](const std::vector<DocumentChange>& changes,
                           uint64_t position) -> absl::StatusOr<std::vector<size_t>> {
          for (const DocumentChange& change : changes) {
            // Part of a lost request may have been carried out.
            if (parts <= 0 && &change != &changes.front()) break;
            index_.Write(change, position);
          }
          if (parts-- <= 0) return absl::UnavailableError("lost");
          return std::vector<size_t>();
        });
    ASSERT_TRUE(drained.ok() || absl::IsUnavailable(drained)) << drained;
  }

  // As after kill -9.
  void Open() {
    events_.reset();
    auto events = EventFile::Open(path_);
    ASSERT_TRUE(events.ok()) << events.status();
    events_ = *std::move(events);
    auto reader = EventLogReader::Open(folder_);
    ASSERT_TRUE(reader.ok()) << reader.status();
    reader_ = *std::move(reader);
  }

  void Finish() {
    if (!loaded_) Load();
    while (events_->cursor() < log_.head()) Apply(1000);
    Drain(1000);
    const auto answered = events_->Answered();
    ASSERT_TRUE(answered.ok());
    EXPECT_EQ(*answered, log_.head());
  }

  const Index& index() const { return index_; }
  EventFile& events() { return *events_; }

 private:
  const std::string folder_;
  const std::string path_;
  EventLog& log_;
  std::unique_ptr<GenerationFile> file_;
  std::unique_ptr<EventFile> events_;
  std::unique_ptr<EventLogReader> reader_;
  Index index_;
  bool loaded_ = false;
};

// Everything that happens in one history.
class History {
 public:
  explicit History(unsigned seed) : world_(seed) {
    EXPECT_TRUE(Journal::Open(folder_.path()).ok());
    auto log = EventLog::Open(folder_.path(), TisPlan());
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    older_ = std::make_unique<Generation>(folder_.path(), 1, *log_, 0);
    older_->Load();
  }

  void Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      if (i == steps / 3) Begin();
      if (i == 2 * steps / 3) Load();
      Step();
    }
  }

  void Check() {
    newer_->Finish();
    older_->Finish();
    const std::string path = folder_.File("truth.db");
    auto truth = GenerationFile::Create(path, TisPlan(), RunInfo(), Durability::kOff);
    ASSERT_TRUE(truth.ok());
    auto db = Database::Open(path, Database::Mode::kReadWrite, Durability::kOff);
    ASSERT_TRUE(db.ok());
    Insert(**db, state_);
    const auto expected = ProjectAll(**truth);
    for (Generation* generation : {older_.get(), newer_.get()}) {
      EXPECT_EQ(generation->index().Show(), expected);
      const auto counts = generation->events().ExpectedDocuments();
      ASSERT_TRUE(counts.ok());
      EXPECT_EQ(*counts, generation->index().Counts());
    }
  }

 private:
  // A build begins: its cursor stands an overlap back, and its snapshot is of some moment since.
  void Begin() {
    const uint64_t back = static_cast<uint64_t>(world_.Below(5));
    const uint64_t head = log_->head();
    newer_ = std::make_unique<Generation>(folder_.path(), 2, *log_, head - std::min(head, back));
    snapshot_ = state_;
  }

  // All of the snapshot has come before.
  void Load() {
    if (snapshot_) newer_->TakeSnapshot(*snapshot_);
    snapshot_.reset();
    newer_->Load();
  }

  void Step() {
    switch (world_.Below(10)) {
      case 0:
        if (sent_.empty()) return Send(world_.Next(), true);
        return Send(sent_[Pick()], false);  // an old one again
      case 1:
        return Late();
      case 2:
        return older_->Apply(1 + world_.Below(4));
      case 3:
        if (newer_) newer_->Apply(1 + world_.Below(4));
        return;
      case 4:
        return older_->Drain(world_.Below(3));
      case 5:
        if (newer_) newer_->Drain(world_.Below(3));
        return;
      case 6:
        if (world_.Below(4) == 0) older_->Open();
        if (newer_ && world_.Below(4) == 0) newer_->Open();
        if (newer_ && snapshot_) newer_->TakeSnapshot(*snapshot_);
        return snapshot_.reset();
      default:
        return Send(world_.Next(), true);
    }
  }

  size_t Pick() { return static_cast<size_t>(world_.Below(static_cast<int>(sent_.size()))); }

  // Two changes, the later one first: what a standard queue may do.
  void Late() {
    Change first = world_.Next();
    Change second = world_.Next();
    if (first.channel == "tcs-updates" || second.channel == "tcs-updates") {
      Send(first, true);
      return Send(second, true);
    }
    State later = second.sets;
    Send(second, true);
    for (const auto& [name, record] : first.sets) {
      if (!later.contains(name)) state_[name] = record;
    }
    Send(first, false);
  }

  // Trainees have no order of their own, so an old one of theirs is never sent again.
  void Send(const Change& change, bool is_new) {
    if (!is_new && change.channel == "tcs-updates") {
      for (const auto& [name, record] : change.sets) state_[name] = record;
    }
    if (is_new) {
      for (const auto& [name, record] : change.sets) state_[name] = record;
      sent_.push_back(change);
    }
    const auto appended = log_->Append({{change.channel, change.body, {}}});
    ASSERT_TRUE(appended.ok()) << appended.status();
  }

  TestFolder folder_;
  World world_;
  std::unique_ptr<EventLog> log_;
  std::unique_ptr<Generation> older_;
  std::unique_ptr<Generation> newer_;
  State state_;  // the last change of every record
  std::optional<State> snapshot_;
  std::vector<Change> sent_;
};

int Histories() {
  const char* count = std::getenv("INDEXSWAP_TEST_HISTORIES");
  return count == nullptr ? 200 : std::atoi(count);
}

TEST(EventHistory, EveryHistoryEndsInTheProjectionOfItsFinalState) {
  for (int seed = 1; seed <= Histories(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    History history(static_cast<unsigned>(seed));
    history.Run(90);
    history.Check();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace syncd
