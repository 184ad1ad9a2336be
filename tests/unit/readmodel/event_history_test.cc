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

#include "histories.h"
#include "indexswap/testing/sanitized.h"
#include "syncd/readmodel/event_file.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/journal.h"

namespace syncd {
namespace {

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

  const ClusterIndex& index() const { return index_; }
  EventFile& events() { return *events_; }

 private:
  const std::string folder_;
  const std::string path_;
  EventLog& log_;
  std::unique_ptr<GenerationFile> file_;
  std::unique_ptr<EventFile> events_;
  std::unique_ptr<EventLogReader> reader_;
  ClusterIndex index_;
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
    const Families expected = ProjectState(state_);
    for (Generation* generation : {older_.get(), newer_.get()}) {
      EXPECT_EQ(generation->index().Show(), expected);
      const auto counts = generation->events().ExpectedDocuments();
      ASSERT_TRUE(counts.ok());
      EXPECT_EQ(*counts, CountsOf(generation->index().Show()));
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
  if (count != nullptr) return std::atoi(count);
  return indexswap::testing::kSanitized ? 8 : 60;
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
