// What could not become a record, or a document, with its reason: kept for people.
#ifndef SYNCD_READMODEL_DEAD_LETTERS_H_
#define SYNCD_READMODEL_DEAD_LETTERS_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "syncd/readmodel/database.h"
#include "syncd/readmodel/event_stamp.h"

namespace syncd {

// Their table, in a generation's file and in the journal.
inline constexpr char kDeadLetterTable[] = R"sql(
CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  channel TEXT NOT NULL,                -- or empty, for a refused document
  time_ms INTEGER NOT NULL,             -- since 1970, UTC
  kind TEXT NOT NULL,                   -- rejected or refused
  reason TEXT NOT NULL,
  body TEXT NOT NULL,                   -- message, item or document; cut at 1 MiB
  family TEXT NOT NULL DEFAULT '',
  document_id TEXT NOT NULL DEFAULT '',
  generation INTEGER NOT NULL DEFAULT 0,-- in the journal: that which refused the document
  sent_ms INTEGER,                      -- of a live event: see EventStamp
  sequence TEXT NOT NULL DEFAULT '',
  message_id TEXT NOT NULL DEFAULT '',
  arrival_ms INTEGER NOT NULL DEFAULT 0,
  arrival INTEGER NOT NULL DEFAULT 0);
)sql";

struct DeadLetter {
  enum class Kind {
    kRejected,  // a message or an item of it that can be no entity
    kRefused,   // a document that the store can never take
  };

  int64_t id = 0;
  std::string channel;  // empty for kRefused
  int64_t time_ms = 0;  // since 1970, UTC
  Kind kind = Kind::kRejected;
  std::string reason;
  std::string body;         // the message, the item as a message of its own, or the document
  std::string family;       // for kRefused
  std::string document_id;  // for kRefused
  uint64_t generation = 0;  // for kRefused of a live event: whose index refused it
  EventStamp stamp;         // for kRejected of a live event
};

// `rejected` or `refused`.
std::string_view DeadLetterKindName(DeadLetter::Kind kind);

// The dead letters of one generation file, or of the journal. Not thread-safe; `db` must outlive
// it.
class DeadLetters {
 public:
  // A body longer than this is cut, and its reason says so.
  static constexpr size_t kBodyBytesMax = 1024 * 1024;

  explicit DeadLetters(Database& db) : db_(db) {}

  // Keeps `letter` (its id and time are given here), in the caller's transaction if there is one.
  absl::Status Add(const DeadLetter& letter);

  // In order of id, from the first above `after`, at most `limit`; without their bodies.
  absl::StatusOr<std::vector<DeadLetter>> List(int64_t after, int limit);

  // One, with its body. kNotFound if there is none of that id.
  absl::StatusOr<DeadLetter> Get(int64_t id);

  absl::StatusOr<int64_t> Count();

  // Forgets those that came before `before_ms`; how many.
  absl::StatusOr<int64_t> Expire(int64_t before_ms);

  // Forgets those of the same refused document of the same generation.
  absl::Status DropRefused(const DeadLetter& letter);

  // Forgets one. kNotFound if there is none of that id.
  absl::Status Drop(int64_t id);

 private:
  Database& db_;
  Statement insert_;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_DEAD_LETTERS_H_
