#include "syncd/readmodel/extractor.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>

#include <boost/json/value.hpp>

#include "syncd/readmodel/dates.h"

namespace syncd {
namespace {

namespace json = boost::json;

std::vector<std::string> SplitPath(const std::string& path) {
  return absl::StrSplit(path, '.', absl::SkipEmpty());
}

// The path of a field from its item: `from` begins with `/`, or is relative to `at`.
std::vector<std::string> FieldPath(const PlanAssignment& assignment, const PlanField& field) {
  const auto other = assignment.from.find(field.name);
  const std::string& from = other == assignment.from.end() ? field.from : other->second;
  if (from.starts_with('/')) return SplitPath(from.substr(1));
  return SplitPath(absl::StrCat(assignment.at, ".", from));
}

// `item[3]`, and the first `parts` parts of a path below it.
std::string PathText(const DecodedItem& item, const std::vector<std::string>& path, size_t parts) {
  std::string text = item.Path();
  for (size_t i = 0; i < parts; ++i) absl::StrAppend(&text, text.empty() ? "" : ".", path[i]);
  return text.empty() ? "body" : text;
}

// A time that the store would refuse must not keep a good one out: it counts as none.
void SetOrder(const Cell& cell, FieldType type, Cell& order) {
  const bool is_usable =
      cell.kind != Cell::Kind::kText || (type == FieldType::kDate       ? IsDate(cell.text)
                                         : type == FieldType::kDateTime ? IsDateTime(cell.text)
                                                                        : true);
  if (is_usable) {
    order = cell;
  } else {
    order.SetNull();
  }
}

}  // namespace

Extractor::Extractor(const Plan& plan, const PlanChannel& channel) {
  for (const PlanAssignment& assigned : channel.assigns) {
    const PlanEntity* entity = plan.FindEntity(assigned.entity);
    Assignment assignment;
    for (const PlanField& field : entity->fields) {
      assignment.fields.push_back({.path = FieldPath(assigned, field),
                                   .type = field.type,
                                   .is_key = field.name == entity->key,
                                   .is_join = field.name == entity->join,
                                   .is_order = field.name == entity->order});
    }
    rows_.push_back({entity, std::vector<Cell>(entity->fields.size()), Cell()});
    assignments_.push_back(std::move(assignment));
  }
}

absl::Status Extractor::Extract(const DecodedItem& item) {
  if (!item.value.is_object()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: expected object, got %s",
                                                      PathText(item, {}, 0), KindName(item.value)));
  }
  for (size_t i = 0; i < assignments_.size(); ++i) {
    const std::vector<Field>& fields = assignments_[i].fields;
    for (size_t j = 0; j < fields.size(); ++j) {
      absl::Status status = ExtractField(item, fields[j], rows_[i].cells[j]);
      if (!status.ok()) return status;
      if (fields[j].is_order) SetOrder(rows_[i].cells[j], fields[j].type, rows_[i].order);
    }
  }
  return absl::OkStatus();
}

absl::Status Extractor::ExtractField(const DecodedItem& item, const Field& field,
                                     Cell& cell) const {
  cell.SetNull();
  const json::value* value = &item.value;
  for (size_t i = 0; i < field.path.size(); ++i) {
    const json::object* object = value->if_object();
    if (object == nullptr && !value->is_null()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: expected object, got %s", PathText(item, field.path, i), KindName(*value)));
    }
    value = object == nullptr ? nullptr : object->if_contains(field.path[i]);
    if (value == nullptr) break;
  }
  if (value != nullptr) {
    absl::Status status = ReadField(*value, field.type, item.numbers, cell);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(PathText(item, field.path, field.path.size()),
                                                     ": ", std::string(status.message())));
    }
  }
  const bool is_blank = cell.kind == Cell::Kind::kText && IsBlank(cell.text);
  if ((field.is_join || field.is_key) && is_blank) cell.SetNull();
  if (field.is_key && cell.kind == Cell::Kind::kNull) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: the key is missing or blank; expected %s",
                        PathText(item, field.path, field.path.size()), FieldTypeName(field.type)));
  }
  return absl::OkStatus();
}

bool Extractor::HasKey(const DecodedItem& item) const {
  for (const Assignment& assignment : assignments_) {
    for (const Field& field : assignment.fields) {
      if (!field.is_key) continue;
      const json::value* value = &item.value;
      for (size_t i = 0; i < field.path.size() && value != nullptr; ++i) {
        const json::object* object = value->if_object();
        value = object == nullptr ? nullptr : object->if_contains(field.path[i]);
      }
      const bool is_empty_list =
          value != nullptr && value->is_array() && value->get_array().empty();
      if (value != nullptr && !value->is_null() && !is_empty_list) return true;
    }
  }
  return false;
}

}  // namespace syncd
