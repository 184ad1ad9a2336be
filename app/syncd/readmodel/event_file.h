// A generation's file as live events see it: they change entities, and the documents that follow
// from these wait in an outbox until the index has answered for them.
#ifndef SYNCD_READMODEL_EVENT_FILE_H_
#define SYNCD_READMODEL_EVENT_FILE_H_

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/database.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/event_reader.h"
#include "syncd/readmodel/projection.h"

namespace syncd {

// A document as it is to be, or (without a body) as it is to be no more.
struct DocumentChange {
  std::string family;
  std::string id;
  std::optional<std::string> document;
  bool existed = false;  // the index has a document of this id
  std::string failure;   // why it can't be told what it is to be: counts as refused, unsent
};

// One generation's file, on a connection of its own: a GenerationFile may write to it at the same
// time. Not thread-safe.
//
// Errors: those of Database; kFailedPrecondition when the file's own plan has no such channel.
class EventFile {
 public:
  // Sends changes whose version is `position`. Returns once the index has answered for every one:
  // the places, ascending, of those that it refused for good.
  using Sender = absl::FunctionRef<absl::StatusOr<std::vector<size_t>>(
      const std::vector<DocumentChange>& changes, uint64_t position)>;

  // Opens what GenerationFile::Create made. Errors: those of OpenFile, too.
  static absl::StatusOr<std::unique_ptr<EventFile>> Open(const std::string& path);

  const Plan& plan() const { return plan_; }

  // The position of the last event that is in the file.
  uint64_t cursor() const { return cursor_; }

  // Applies events in one transaction, and moves the cursor to `cursor`, which is not below the
  // last of them. Until the generation's load begins nothing is queued for the index.
  absl::Status Apply(const std::vector<LoggedEvent>& events, uint64_t cursor);

  // Whether an event that the file's own plan has no channel for, or can't read, is left out and
  // counted, rather than an error: for a generation that must not stand still. False at first.
  void LeaveOut(bool leaves_out) { leaves_out_ = leaves_out; }

  // What was left out, by channel, for people; empty: nothing ever was.
  absl::StatusOr<std::string> LeftOut();

  // Projects every document that waits, and hands them to `send` in parts: first all that are to
  // be, then all that are to be no more. What was sent when an error ends it is sent again.
  // `settle` is called when all parts were sent, before it is noted that none of them waits any
  // more; its error is one of them.
  absl::Status Drain(Sender send, absl::FunctionRef<absl::Status()> settle);
  absl::Status Drain(Sender send);

  // The last position whose documents the index has all answered for; never above the cursor.
  absl::StatusOr<uint64_t> Answered();

  // Documents whose join keys wait.
  absl::StatusOr<uint64_t> Waiting();

  // Queues the document `id` of `family` anew. kNotFound if there is no such document now.
  absl::Status Requeue(std::string_view family, std::string_view id);

  // Family to documents that the index has once everything is drained. Costs nothing: it is kept
  // up with every event, from what was counted at the load.
  absl::StatusOr<std::map<std::string, uint64_t>> ExpectedDocuments();

 private:
  // That a document is refused, or is no more; kept until all that waits was answered for.
  struct RefusalNote {
    std::string family;
    std::string id;
    bool refused = false;
  };

  // What writes one entity.
  struct Writer {
    const PlanEntity* entity = nullptr;
    Statement upsert;
    Statement add;  // what is not there yet, and no event has set or deleted
    Statement remove;
    Statement join;  // the join key by the key
    Statement mark;  // set_by_event
  };

  EventFile(std::unique_ptr<Database> db, Plan plan) : db_(std::move(db)), plan_(std::move(plan)) {}

  absl::Status Prepare();
  absl::StatusOr<EventReader*> ReaderOf(const LoggedEvent& event);
  absl::StatusOr<Writer*> WriterOf(const PlanEntity& entity);
  absl::Status ApplyOne(const LoggedEvent& event, bool queues);
  absl::Status CountLeftOut(const LoggedEvent& event, const absl::Status& reason);
  absl::Status Change(const EventChange& change, const LoggedEvent& event, bool queues);
  absl::Status KeepFormers(const std::string& join_key, uint64_t position);
  absl::Status Queue(const std::string& join_key, uint64_t position);
  absl::Status Count(const std::string& join_key, int sign);
  absl::Status Write(Writer& writer, const EntityRow& row, bool late);
  absl::Status SendPart(std::vector<DocumentChange>&& part, Sender send,
                        std::vector<RefusalNote>& notes);
  absl::Status NoteRefused(const RefusalNote& note);
  absl::StatusOr<std::set<std::string>> JoinKeys(Writer& writer, const EntityRow& row);
  static absl::Status AddFailed(KeyProjector& projector, std::string_view join_key,
                                const absl::Status& reason, std::vector<DocumentChange>& puts);
  absl::Status ProjectKey(std::string_view join_key, std::vector<DocumentChange>& puts,
                          std::vector<DocumentChange>& deletes);

  std::unique_ptr<Database> db_;
  const Plan plan_;
  std::string late_;  // what the channels of this build's late messages begin with
  uint64_t cursor_ = 0;
  bool leaves_out_ = false;
  Statement move_cursor_;
  Statement queue_;
  Statement keep_former_;
  Statement former_;
  Statement count_;
  Statement is_refused_;
  Statement add_refused_;
  Statement drop_refused_;
  std::vector<KeyProjector> projectors_;
  std::map<std::string, std::unique_ptr<EventReader>> readers_;
  std::map<std::string, Writer> writers_;
};

// Why the generation whose file is at `path` has not got all events up to its cursor, though it has
// one, for people: its plan lacks some, or the plan in use. Empty: it has.
absl::StatusOr<std::string> WhyIncomplete(const std::string& path, const Plan& in_use);

}  // namespace syncd

#endif  // SYNCD_READMODEL_EVENT_FILE_H_
