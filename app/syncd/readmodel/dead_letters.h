// What could not become a record, or a document, with its reason: kept for people, for ever.
#ifndef SYNCD_READMODEL_DEAD_LETTERS_H_
#define SYNCD_READMODEL_DEAD_LETTERS_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "syncd/readmodel/database.h"

namespace syncd {

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
};

// `rejected` or `refused`.
std::string_view DeadLetterKindName(DeadLetter::Kind kind);

// The dead letters of one generation file. Not thread-safe; `db` must outlive it.
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

  // Forgets one. kNotFound if there is none of that id.
  absl::Status Drop(int64_t id);

 private:
  Database& db_;
  Statement insert_;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_DEAD_LETTERS_H_
