#include "syncd/readmodel/decoder.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <limits>
#include <vector>

namespace syncd {
namespace {

namespace json = boost::json;

constexpr size_t kItemBufferBytes = 64 * 1024;
constexpr size_t kDepthMax = 64;

// Limits that basic_parser asks its handler for: no more than the body's own size.
struct NoLimits {
  static constexpr size_t max_object_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_array_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_key_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_string_size = std::numeric_limits<size_t>::max();
};

// Looks at nothing but whether the text is JSON and what its outermost value is.
struct Validator : NoLimits {
  bool is_object = false;
  int depth = 0;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    is_object = is_object || depth == 0;
    ++depth;
    return true;
  }
  bool on_object_end(size_t, json::error_code&) { return --depth, true; }
  bool on_array_begin(json::error_code&) { return ++depth, true; }
  bool on_array_end(size_t, json::error_code&) { return --depth, true; }
  bool on_key_part(json::string_view, size_t, json::error_code&) { return true; }
  bool on_key(json::string_view, size_t, json::error_code&) { return true; }
  bool on_string_part(json::string_view, size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

// Hands on each item as soon as it is complete, and looks out for the end marker's fields.
class Splitter : public NoLimits {
 public:
  explicit Splitter(const PlanChannel& channel)
      : channel_(channel), body_is_item_(channel.items.empty()), memory_(buffer_) {}

  void Begin(Decoder::Sink* sink) {
    sink_ = sink;
    envelope_ = Envelope();
    status_ = absl::OkStatus();
    depth_ = 0;
    item_depth_ = 0;
    in_list_ = false;
    index_ = 0;
    key_.clear();
    key_complete_ = true;
    scalar_.clear();
    ResetItem();
  }

  const absl::Status& status() const { return status_; }
  const Envelope& envelope() const { return envelope_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code&) {
    ++(InItem() ? item_depth_ : depth_);
    return true;
  }

  bool on_object_end(size_t size, json::error_code& error) {
    if (item_depth_ == 0) return --depth_, true;
    stack_.push_object(size);
    return --item_depth_ > 0 || HandOn(error);
  }

  bool on_array_begin(json::error_code&) {
    const bool opens_list = item_depth_ == 0 && AtItemsField();
    if (!opens_list && InItem()) return ++item_depth_, true;
    in_list_ = in_list_ || opens_list;
    return ++depth_, true;
  }

  bool on_array_end(size_t size, json::error_code& error) {
    if (item_depth_ == 0) {
      if (--depth_ == 1) in_list_ = false;
      return true;
    }
    stack_.push_array(size);
    return --item_depth_ > 0 || HandOn(error);
  }

  bool on_key_part(json::string_view part, size_t, json::error_code&) {
    return item_depth_ > 0 ? stack_.push_chars(part), true : AddToKey(part, false);
  }

  bool on_key(json::string_view part, size_t, json::error_code&) {
    return item_depth_ > 0 ? stack_.push_key(part), true : AddToKey(part, true);
  }

  bool on_string_part(json::string_view part, size_t, json::error_code&) {
    if (InItem()) {
      stack_.push_chars(part);
    } else if (depth_ == 1) {
      scalar_.append(part.data(), part.size());
    }
    return true;
  }

  bool on_string(json::string_view part, size_t, json::error_code& error) {
    if (InItem()) return stack_.push_string(part), AfterScalar(error);
    if (depth_ == 1) {
      scalar_.append(part.data(), part.size());
      const std::string text = json::serialize(json::value(json::string_view(scalar_)));
      scalar_.clear();
      EnvelopeField(text);
    }
    return true;
  }

  bool on_number_part(json::string_view, json::error_code&) { return true; }

  bool on_int64(int64_t value, json::string_view text, json::error_code& error) {
    if (InItem()) return stack_.push_int64(value), AfterScalar(error);
    return EnvelopeField({text.data(), text.size()});
  }

  bool on_uint64(uint64_t value, json::string_view text, json::error_code& error) {
    if (InItem()) return stack_.push_uint64(value), AfterScalar(error);
    return EnvelopeField({text.data(), text.size()});
  }

  // Kept as the index of its text, so that a text field has the number as it was written.
  bool on_double(double, json::string_view text, json::error_code& error) {
    if (!InItem()) return EnvelopeField({text.data(), text.size()});
    stack_.push_double(static_cast<double>(numbers_.size()));
    numbers_.emplace_back(text.data(), text.size());
    return AfterScalar(error);
  }

  bool on_bool(bool value, json::error_code& error) {
    if (InItem()) return stack_.push_bool(value), AfterScalar(error);
    return EnvelopeField(value ? "true" : "false");
  }

  bool on_null(json::error_code& error) {
    if (item_depth_ == 0 && AtItemsField()) return true;  // no item at all
    if (InItem()) return stack_.push_null(), AfterScalar(error);
    return EnvelopeField("null");
  }

  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  bool AtItemsField() const { return !body_is_item_ && depth_ == 1 && key_ == channel_.items; }

  // Whether the value that is being read belongs to an item, or begins one.
  bool InItem() const {
    if (item_depth_ > 0 || body_is_item_) return true;
    return (in_list_ && depth_ == 2) || AtItemsField();
  }

  bool AfterScalar(json::error_code& error) { return item_depth_ > 0 || HandOn(error); }

  bool AddToKey(json::string_view part, bool last) {
    if (depth_ != 1) return true;
    if (key_complete_) key_.clear();
    key_.append(part.data(), part.size());
    key_complete_ = last;
    return true;
  }

  // A scalar of the outermost object, as JSON text.
  bool EnvelopeField(std::string_view text) {
    if (!channel_.has_end || depth_ != 1) return true;
    if (key_ == channel_.end.field) envelope_.ends = text == channel_.end.value;
    if (key_ == channel_.end.count) envelope_.expected = ParseCount(text);
    return true;
  }

  static std::optional<uint64_t> ParseCount(std::string_view text) {
    uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return count;
  }

  // When the body is the item, the end marker's fields are among its own.
  void EnvelopeOfBody(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr || !channel_.has_end) return;
    if (const json::value* end = object->if_contains(channel_.end.field)) {
      envelope_.ends = json::serialize(*end) == channel_.end.value;
    }
    if (const json::value* count = object->if_contains(channel_.end.count)) {
      envelope_.expected = ParseCount(json::serialize(*count));
    }
  }

  bool HandOn(json::error_code& error) {
    {
      const json::value value = stack_.release();
      if (body_is_item_) EnvelopeOfBody(value);
      DecodedItem item{value, numbers_, channel_.items, std::nullopt, envelope_.ends};
      if (in_list_) item.index = index_++;
      ++envelope_.items;
      status_ = (*sink_)(item);
    }
    ResetItem();
    if (!status_.ok()) error = boost::system::errc::make_error_code(boost::system::errc::io_error);
    return status_.ok();
  }

  // Gives the memory of the item before back. Its value must be gone.
  void ResetItem() {
    numbers_.clear();
    memory_.release();
    stack_.reset(json::storage_ptr(&memory_));
  }

  const PlanChannel& channel_;
  const bool body_is_item_;
  unsigned char buffer_[kItemBufferBytes];
  json::monotonic_resource memory_;
  json::value_stack stack_;
  std::vector<std::string_view> numbers_;
  Decoder::Sink* sink_ = nullptr;
  Envelope envelope_;
  absl::Status status_;
  int depth_ = 0;       // containers open around the items
  int item_depth_ = 0;  // containers open in the item
  bool in_list_ = false;
  size_t index_ = 0;
  std::string key_;  // the last key of the outermost object
  bool key_complete_ = true;
  std::string scalar_;
};

json::parse_options Options() {
  json::parse_options options;
  options.max_depth = kDepthMax;
  return options;
}

// Puts the numbers back that were kept as indexes.
void RestoreNumbers(json::value& value, NumberTexts numbers) {
  if (value.is_double()) {
    const std::string_view text = numbers[static_cast<size_t>(value.get_double())];
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    value = number;
  } else if (value.is_object()) {
    for (auto& [key, field] : value.get_object()) RestoreNumbers(field, numbers);
  } else if (value.is_array()) {
    for (json::value& element : value.get_array()) RestoreNumbers(element, numbers);
  }
}

}  // namespace

std::string DecodedItem::Path() const {
  if (!index.has_value()) return std::string(field);
  return absl::StrFormat("%s[%d]", field, *index);
}

std::string DecodedItem::ToBody() const {
  json::value copy(value, json::storage_ptr());
  RestoreNumbers(copy, numbers);
  if (field.empty()) return json::serialize(copy);
  json::object body;
  body.emplace(field, std::move(copy));
  return json::serialize(body);
}

class Decoder::Impl {
 public:
  explicit Impl(const PlanChannel& channel)
      : channel_(channel), validator_(Options()), splitter_(Options(), channel) {}

  // Two passes, so that a body which breaks off behind its thousandth item assigns nothing. The
  // first costs a tenth of what the database does with the items; a savepoint would cost more.
  absl::StatusOr<Envelope> Decode(std::string_view body, Decoder::Sink sink) {
    if (absl::Status status = Validate(body); !status.ok()) return status;
    splitter_.reset();
    splitter_.handler().Begin(&sink);
    json::error_code error;
    splitter_.write_some(false, body.data(), body.size(), error);
    if (!splitter_.handler().status().ok()) return splitter_.handler().status();
    if (error) return absl::InternalError(absl::StrCat("decoder: ", error.message()));
    return splitter_.handler().envelope();
  }

 private:
  absl::Status Validate(std::string_view body) {
    validator_.reset();
    validator_.handler() = Validator();
    json::error_code error;
    const size_t used = validator_.write_some(false, body.data(), body.size(), error);
    if (!error && used < body.size()) error = json::error::extra_data;
    if (error) {
      return absl::InvalidArgumentError(
          absl::StrFormat("not JSON: %s at byte %d of %d", error.message(), used, body.size()));
    }
    if (!channel_.items.empty() && !validator_.handler().is_object) {
      return absl::InvalidArgumentError(
          absl::StrFormat("expected an object with \"%s\"", channel_.items));
    }
    return absl::OkStatus();
  }

  const PlanChannel& channel_;
  json::basic_parser<Validator> validator_;
  json::basic_parser<Splitter> splitter_;
};

Decoder::Decoder(const PlanChannel& channel) : impl_(std::make_unique<Impl>(channel)) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;

absl::StatusOr<Envelope> Decoder::Decode(std::string_view body, Sink sink) {
  return impl_->Decode(body, sink);
}

}  // namespace syncd
