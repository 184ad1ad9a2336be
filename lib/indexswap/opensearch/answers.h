// Answers of the server that are errors, and what they mean in the words of the port (store.h).
#ifndef INDEXSWAP_OPENSEARCH_ANSWERS_H_
#define INDEXSWAP_OPENSEARCH_ANSWERS_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

#include "indexswap/http/transport.h"

namespace indexswap {

// What a request does, which decides what a lost or strange answer means.
enum class Effect {
  kRead,    // nothing: a lost answer is a server that was not reached
  kRepeat,  // the same when done twice: may be sent again
  kChange,  // not to be done twice
};

// The error in an answer.
struct ServerError {
  std::string type;    // `index_not_found_exception`; empty when the body has none
  std::string reason;  // for people, with its causes; an excerpt of the body when it has none
  std::string index;   // the index that it is about; often empty
};

// Reads the error out of an answer with a status of 400 or more. Pure.
ServerError ParseServerError(const HttpResponse& response);

// `type: reason; caused by type: reason …` of one `error` object. Without the excerpts of the
// request that some servers append, which may hold other documents.
std::string DescribeError(const boost::json::object& error);

// `body` as JSON, nested as deep as a server takes it. kDataLoss, naming `what`, when it is none.
absl::StatusOr<boost::json::value> ParseJson(std::string_view what, std::string_view body);

// The member `key` of `object` as text; empty when it is not there or no text.
std::string TextMember(const boost::json::object& object, std::string_view key);

// The status for an answer. OK for 2xx. Otherwise by the table in docs/compatibility.md; a 404 is
// kNotFound, which the callers know better. `what` says what was asked for, for the message.
absl::Status StatusFromAnswer(const HttpResponse& response, Effect effect, std::string_view what);

// The same for a change of the cluster, whose answer must also say that it is done: `acknowledged`,
// or the `result` of a document, without `errors`. kUnknown for a 2xx that doesn't, since such a
// change may become visible later, or never, as where something between has answered.
absl::Status StatusFromChange(const HttpResponse& response, Effect effect, std::string_view what);

// The status for a request that got no answer.
absl::Status StatusFromFailure(const absl::Status& failure, Effect effect);

}  // namespace indexswap

#endif  // INDEXSWAP_OPENSEARCH_ANSWERS_H_
