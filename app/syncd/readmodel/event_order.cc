#include "syncd/readmodel/event_order.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>

#include <boost/json/value.hpp>
#include <string_view>
#include <vector>

#include "syncd/readmodel/dates.h"
#include "syncd/readmodel/field_values.h"

namespace syncd {
namespace {

namespace json = boost::json;

constexpr int64_t kMillis = 1000;

// A MongoDB timestamp: seconds, and a number within the second.
struct ClusterTime {
  int64_t seconds = 0;
  int64_t increment = 0;
};

const json::value* Field(const json::value* value, std::string_view name) {
  const json::object* object = value == nullptr ? nullptr : value->if_object();
  return object == nullptr ? nullptr
                           : object->if_contains(json::string_view(name.data(), name.size()));
}

std::optional<int64_t> Integer(const json::value* value) {
  Cell cell;
  if (value == nullptr || !ReadField(*value, FieldType::kInteger, {}, cell).ok() ||
      cell.kind != Cell::Kind::kInteger) {
    return std::nullopt;
  }
  return cell.integer;
}

// `Timestamp(1656927000, 3)`.
std::optional<ClusterTime> ParseText(std::string_view text) {
  constexpr std::string_view kHead = "Timestamp(";
  if (!text.starts_with(kHead) || !text.ends_with(')')) return std::nullopt;
  const std::string inner(text.substr(kHead.size(), text.size() - kHead.size() - 1));
  const std::vector<std::string> parts = absl::StrSplit(inner, ',');
  ClusterTime time;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &time.seconds) ||
      !absl::SimpleAtoi(parts[1], &time.increment)) {
    return std::nullopt;
  }
  return time;
}

std::optional<ClusterTime> ReadClusterTime(const json::value& body) {
  const json::value* value = Field(&body, "clusterTime");
  if (value == nullptr) return std::nullopt;
  if (const json::string* text = value->if_string()) {
    return ParseText({text->data(), text->size()});
  }
  if (const json::value* inner = Field(value, "$timestamp")) value = inner;
  const auto seconds = Integer(Field(value, "t"));
  const auto increment = Integer(Field(value, "i"));
  if (!seconds || !increment) return std::nullopt;
  return ClusterTime{*seconds, *increment};
}

// What tells two changes of one instant apart.
std::string ClusterTie(const json::value& body, const ClusterTime& time) {
  Cell data;
  if (const json::value* id = Field(Field(&body, "_id"), "_data")) {
    ReadField(*id, FieldType::kText, {}, data).IgnoreError();
  }
  return absl::StrFormat("|%010d|%s", time.increment,
                         data.kind == Cell::Kind::kText ? data.text : "");
}

std::optional<std::string> ByClusterTime(const json::value& body) {
  const auto time = ReadClusterTime(body);
  if (!time) return std::nullopt;
  return DateTimeFromMillis(time->seconds * kMillis) + ClusterTie(body, *time);
}

// A date-time that the owner of the record has set; of equal ones the later change counts.
std::optional<std::string> ByField(const DecodedItem& item, const std::string& path) {
  const json::value* value = &item.value;
  const std::vector<std::string> parts =
      absl::StrSplit(path, absl::ByAnyChar("/."), absl::SkipEmpty());
  for (const std::string& part : parts) value = Field(value, part);
  Cell cell;
  if (value == nullptr || !ReadField(*value, FieldType::kDateTime, item.numbers, cell).ok() ||
      cell.kind != Cell::Kind::kText || !IsDateTime(cell.text)) {
    return std::nullopt;
  }
  return absl::StrCat(cell.text, "|", ByClusterTime(item.value).value_or(""));
}

std::optional<std::string> BySent(const EventStamp& stamp) {
  if (!stamp.sent_ms) return std::nullopt;
  return absl::StrFormat("%s|%20s|%s", DateTimeFromMillis(*stamp.sent_ms), stamp.sequence,
                         stamp.message_id);
}

std::string ByArrival(const EventStamp& stamp) {
  return absl::StrFormat("%s|%020d", DateTimeFromMillis(stamp.arrival_ms), stamp.arrival);
}

std::optional<std::string> By(const PlanOrder& order, const DecodedItem& item,
                              const EventStamp& stamp) {
  switch (order.kind) {
    case PlanOrder::Kind::kClusterTime:
      return ByClusterTime(item.value);
    case PlanOrder::Kind::kSequence:
      return stamp.sequence.empty() ? std::nullopt : BySent(stamp);
    case PlanOrder::Kind::kSent:
      return BySent(stamp);
    case PlanOrder::Kind::kField:
      return ByField(item, order.path);
    case PlanOrder::Kind::kArrival:
      return ByArrival(stamp);
  }
  return std::nullopt;
}

}  // namespace

std::string OrderOf(const PlanChannel& channel, const DecodedItem& item, const EventStamp& stamp) {
  for (const PlanOrder& order : channel.order) {
    if (auto text = By(order, item, stamp)) return *std::move(text);
  }
  return ByArrival(stamp);
}

}  // namespace syncd
