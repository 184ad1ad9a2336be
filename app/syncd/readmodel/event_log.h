// The live events of a state folder: journalled once, read by every generation.
#ifndef SYNCD_READMODEL_EVENT_LOG_H_
#define SYNCD_READMODEL_EVENT_LOG_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/database.h"
#include "syncd/readmodel/dead_letters.h"
#include "syncd/readmodel/event_order.h"
#include "syncd/readmodel/event_reader.h"

namespace syncd {

// A message of an event channel, as it came.
struct IncomingEvent {
  std::string channel;
  std::string body;
  EventStamp stamp;  // arrival is given by the log unless the event has one already
};

// One journalled event.
struct LoggedEvent {
  uint64_t position = 0;
  std::string channel;
  std::string body;
  std::set<std::string> stale;  // entities of which something newer was known when it came
};

// What has become of the messages of one channel.
struct EventCounts {
  uint64_t received = 0;
  uint64_t journalled = 0;
  uint64_t stale = 0;     // nothing in it was newer than what is known
  uint64_t empty = 0;     // it says nothing
  uint64_t rejected = 0;  // it became a dead letter
};

// Writes and reads the events in `journal.db`. Positions rise by one and are never used twice.
// For each entity the order of its last change is kept, so that an older change never overwrites
// a newer one, in whichever generation. Append, Trim, GiveBack and the dead letters are
// thread-safe.
//
// Errors: those of Database.
class EventLog {
 public:
  // Opens the events of `state_dir`, whose journal exists. `plan` must outlive the log.
  static absl::StatusOr<std::unique_ptr<EventLog>> Open(const std::string& state_dir,
                                                        const Plan& plan);

  // Journals `events` in one transaction that is on the disk when the call returns. What can't be
  // an event becomes a dead letter; what is older than what is known, or says nothing, is counted
  // only. Returns the position that an index must have answered for before the messages may be
  // acknowledged.
  absl::StatusOr<uint64_t> Append(const std::vector<IncomingEvent>& events);

  // Journals a message of a snapshot channel that came when its build had been loaded, for the
  // build of this id alone: it adds what is not there yet.
  absl::Status AppendLate(const std::string& build_id, const std::string& channel,
                          const std::string& body);

  // The last position; 0 before the first event.
  uint64_t head() const { return head_; }

  // Where a build whose snapshot is asked for at `time_ms` (since 1970) begins: the position of the
  // last event that came before.
  absl::StatusOr<uint64_t> PositionAt(int64_t time_ms);

  // Forgets events up to `position` that came before `before_ms`, and the orders of entities that
  // have not changed since `orders_before_ms`. At most a few thousand a call; true if more are
  // left.
  absl::StatusOr<bool> Trim(uint64_t position, int64_t before_ms, int64_t orders_before_ms);

  // Gives pages that are no longer used back to the disk, but for some MiB that are used again.
  absl::Status GiveBack();

  // The position behind which a generation begins that has been read back from its index: replaying
  // what is still kept does no harm, and an event of it may not be in the index.
  absl::StatusOr<uint64_t> OldestKept();

  // To be called when this folder is not of the last writer. Forgets every event and the order of
  // every entity: they are of another time, and would pass off as known what the index may not
  // have. Goes on above `position`, so that none is used twice.
  absl::Status ForgetAll(uint64_t position);

  // Messages that could be no event, and documents that a store refused of an event: the last
  // letter of a document only, for it is sent, and refused, again and again.
  absl::Status AddDeadLetter(const DeadLetter& letter);
  absl::StatusOr<std::vector<DeadLetter>> ListDeadLetters(int64_t after, int limit);
  absl::StatusOr<DeadLetter> GetDeadLetter(int64_t id);
  absl::StatusOr<int64_t> CountDeadLetters();
  absl::Status DropDeadLetter(int64_t id);
  // Drops those that came before `before_ms`; how many.
  absl::StatusOr<int64_t> ExpireDeadLetters(int64_t before_ms);

  // Takes a rejected message in again, under the order that it had when it came; the letter goes if
  // it is one no more. kInvalidArgument, with the reason, if it still is.
  absl::Status RetryDeadLetter(int64_t id);

  // Why a generation gets no events any more; empty: it does.
  absl::Status MarkCold(uint64_t generation, const std::string& reason);
  absl::StatusOr<std::map<uint64_t, std::string>> Cold();
  // It gets events again.
  absl::Status ForgetCold(uint64_t generation);

  // Why the events that `plan`, another generation's, asks for do not all come here under the plan
  // in use; empty: they do. What only `plan` lacks is no reason: that shows when an event comes.
  std::string WhyNotAllFor(const Plan& plan) const;

  std::map<std::string, EventCounts> counts() const;

 private:
  // One change as its order is looked up.
  struct Found {
    std::string entity;
    std::string key;
    std::string order;
    bool deleted = false;
  };

  EventLog(std::unique_ptr<Database> db, const Plan& plan);

  absl::Status Prepare();
  absl::Status AppendOne(const IncomingEvent& event, bool keep_rejected);
  absl::Status Reject(const IncomingEvent& event, const absl::Status& reason);
  absl::StatusOr<std::set<std::string>> Stale(const std::vector<Found>& changes);
  absl::Status KeepOrders(const std::vector<Found>& changes, const std::set<std::string>& stale,
                          int64_t now_ms);
  EventStamp Stamp(const EventStamp& stamp);

  mutable std::mutex mutex_;
  std::unique_ptr<Database> db_;
  const Plan& plan_;
  DeadLetters dead_letters_;
  Statement insert_;
  Statement order_;
  Statement keep_order_;
  Statement count_arrival_;
  std::map<std::string, std::unique_ptr<EventReader>> readers_;
  std::map<std::string, EventCounts> counts_;
  std::atomic<uint64_t> head_{0};
  uint64_t next_position_ = 1;
  uint64_t arrival_ = 0;
  int64_t arrival_ms_ = 0;
};

// Of a journal's file, by itself: generations that get no events any more, and why; the position of
// the last event.
absl::StatusOr<std::map<uint64_t, std::string>> ReadCold(Database& journal);
absl::StatusOr<uint64_t> ReadHead(Database& journal);

// See EventLog::WhyNotAllFor. Pure.
std::string WhyNotAllEvents(const Plan& plan, const Plan& in_use);

// The channel under which AppendLate journals: `@<build id>/<channel>`.
std::string LateChannel(const std::string& build_id, const std::string& channel);

// Reads events, on a connection of its own. Not thread-safe.
class EventLogReader {
 public:
  static absl::StatusOr<std::unique_ptr<EventLogReader>> Open(const std::string& state_dir);

  // The events above `after` and up to `last`, in their order; at most `limit`, and no more than
  // about `bytes` of bodies (but one at least).
  absl::StatusOr<std::vector<LoggedEvent>> Read(uint64_t after, uint64_t last, int limit,
                                                size_t bytes);

 private:
  explicit EventLogReader(std::unique_ptr<Database> db) : db_(std::move(db)) {}

  std::unique_ptr<Database> db_;
  Statement select_;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_EVENT_LOG_H_
