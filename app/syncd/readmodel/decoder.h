// Takes a message apart: envelope, items, end marker.
//
// Memory is bounded by the largest item, not by the message: a batch of thousands of items in one
// body is handed on item by item. Not thread-safe.
#ifndef SYNCD_READMODEL_DECODER_H_
#define SYNCD_READMODEL_DECODER_H_

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/field_values.h"

namespace syncd {

// One item of a message. Lives until the callback that it is given to returns.
struct DecodedItem {
  const boost::json::value& value;
  NumberTexts numbers;          // see ReadField
  std::string_view field;       // the channel's `items`; empty: the body is the item
  std::optional<size_t> index;  // in a list of items
  bool ends = false;            // if the body is the item: whether it has the end marker

  // Where it stands in the body: `payload[17]`, `payload`, or nothing.
  std::string Path() const;

  // The item as the body of a message of its own in the same channel.
  std::string ToBody() const;
};

// What the envelope says.
struct Envelope {
  uint64_t items = 0;                // handed on
  bool ends = false;                 // the channel's end marker is set
  std::optional<uint64_t> expected;  // the marker's count of records, if it carries one
};

// The decoder of one channel's messages. `channel` must outlive it.
class Decoder {
 public:
  using Sink = absl::FunctionRef<absl::Status(const DecodedItem& item)>;

  explicit Decoder(const PlanChannel& channel);
  ~Decoder();
  Decoder(Decoder&&) noexcept;

  // kInvalidArgument, and no item is handed on, when `body` is no JSON or, in a channel with
  // `items`, no object. An error of `sink` ends the decoding and is returned.
  absl::StatusOr<Envelope> Decode(std::string_view body, Sink sink);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_DECODER_H_
