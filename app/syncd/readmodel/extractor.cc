#include "syncd/readmodel/extractor.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "syncd/readmodel/dates.h"

namespace syncd {
namespace {

namespace json = boost::json;

std::vector<std::string> SplitPath(const std::string& path) {
  return absl::StrSplit(path, '.', absl::SkipEmpty());
}

// A path from the item: `from` begins with `/`, or is relative to `at`.
std::vector<std::string> PathOf(const PlanAssignment& assignment, const std::string& from) {
  if (from.starts_with('/')) return SplitPath(from.substr(1));
  return SplitPath(absl::StrCat(assignment.at, ".", from));
}

std::vector<std::string> FieldPath(const PlanAssignment& assignment, const PlanField& field) {
  const auto other = assignment.from.find(field.name);
  return PathOf(assignment, other == assignment.from.end() ? field.from : other->second);
}

// The value at `path`, or nullptr where there is none, or null.
const json::value* Find(const json::value& item, const std::vector<std::string>& path) {
  const json::value* value = &item;
  for (const std::string& part : path) {
    const json::object* object = value->if_object();
    value = object == nullptr ? nullptr : object->if_contains(part);
    if (value == nullptr) return nullptr;
  }
  return value->is_null() ? nullptr : value;
}

// Whether a scalar reads as `text`.
bool Equals(const json::value* value, NumberTexts numbers, const std::string& text) {
  Cell cell;
  return value != nullptr && ReadField(*value, FieldType::kText, numbers, cell).ok() &&
         cell.kind == Cell::Kind::kText && cell.text == text;
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

Extractor::Extractor(const Plan& plan, const PlanChannel& channel)
    : change_stream_(channel.change_stream) {
  for (const PlanAssignment& assigned : channel.assigns) {
    const PlanEntity* entity = plan.FindEntity(assigned.entity);
    Assignment assignment;
    for (const PlanField& field : entity->fields) {
      assignment.fields.push_back({.path = FieldPath(assigned, field),
                                   .type = field.type,
                                   .is_key = field.name == entity->key,
                                   .is_join = field.name == entity->join,
                                   .is_order = field.name == entity->order,
                                   .words = {}});
      if (const auto words = assigned.words.find(field.name); words != assigned.words.end()) {
        assignment.fields.back().words = words->second;
      }
    }
    if (!assigned.only_with.empty()) assignment.only_with = PathOf(assigned, assigned.only_with);
    for (const auto& texts : assigned.when) {
      std::vector<Condition> all;
      for (const auto& [path, text] : texts) all.push_back({PathOf(assigned, path), text});
      assignment.when.push_back(std::move(all));
    }
    assignment.deletes = assigned.deletes;
    EntityRow row;
    row.entity = entity;
    row.cells.resize(entity->fields.size());
    while (!assignment.fields[row.key].is_key) ++row.key;
    rows_.push_back(std::move(row));
    assignments_.push_back(std::move(assignment));
  }
}

absl::Status Extractor::Extract(const DecodedItem& item) {
  if (!item.value.is_object()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: expected object, got %s",
                                                      PathText(item, {}, 0), KindName(item.value)));
  }
  for (size_t i = 0; i < assignments_.size(); ++i) {
    rows_[i].change = Decide(item, assignments_[i]);
    if (absl::Status s = ExtractRow(item, assignments_[i], rows_[i]); !s.ok()) return s;
  }
  return absl::OkStatus();
}

// What the item does to one entity. A change event without a document, which an update may be when
// its record is gone again, says nothing.
EntityRow::Change Extractor::Decide(const DecodedItem& item, const Assignment& assignment) const {
  if (change_stream_) {
    if (Equals(Find(item.value, {"operationType"}), item.numbers, "delete")) {
      return assignment.deletes ? EntityRow::Change::kDelete : EntityRow::Change::kNone;
    }
    if (Find(item.value, {"fullDocument"}) == nullptr) return EntityRow::Change::kNone;
  }
  if (!assignment.only_with.empty() && Find(item.value, assignment.only_with) == nullptr) {
    return EntityRow::Change::kNone;
  }
  const auto matches = [&](const std::vector<Condition>& all) {
    return std::ranges::all_of(all, [&](const Condition& one) {
      return Equals(Find(item.value, one.path), item.numbers, one.text);
    });
  };
  if (assignment.when.empty() || std::ranges::any_of(assignment.when, matches)) {
    return EntityRow::Change::kAssign;
  }
  return EntityRow::Change::kNone;
}

absl::Status Extractor::ExtractRow(const DecodedItem& item, const Assignment& assignment,
                                   EntityRow& row) {
  if (row.change == EntityRow::Change::kNone) return absl::OkStatus();
  for (size_t j = 0; j < assignment.fields.size(); ++j) {
    const Field& field = assignment.fields[j];
    row.cells[j].SetNull();
    if (row.change == EntityRow::Change::kDelete && !field.is_key) continue;
    absl::Status status = ExtractField(item, field, row.cells[j]);
    if (!status.ok()) return status;
    if (field.is_order) SetOrder(row.cells[j], field.type, row.order);
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
  if (cell.kind == Cell::Kind::kText) {
    const auto word = field.words.find(cell.text);
    if (word != field.words.end()) cell.SetText(word->second);
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
      const json::value* value = Find(item.value, field.path);
      const bool is_empty_list =
          value != nullptr && value->is_array() && value->get_array().empty();
      if (value != nullptr && !is_empty_list) return true;
    }
  }
  return false;
}

}  // namespace syncd
