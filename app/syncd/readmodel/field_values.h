// One field of a record: from JSON to a column.
//
// Includes only Boost.JSON's forward declarations; thread-safe.
#ifndef SYNCD_READMODEL_FIELD_VALUES_H_
#define SYNCD_READMODEL_FIELD_VALUES_H_

#include <absl/status/status.h>

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "syncd/plan/plan.h"

namespace syncd {

// The value of one column.
struct Cell {
  enum class Kind { kNull, kInteger, kText };

  Kind kind = Kind::kNull;
  int64_t integer = 0;
  std::string text;  // keeps its storage when the cell is used again

  void SetNull() { kind = Kind::kNull; }
  void SetInteger(int64_t value) { kind = Kind::kInteger, integer = value; }
  void SetText(std::string_view value) { kind = Kind::kText, text.assign(value); }
};

// Numbers with a fraction or an exponent as they were written: in a decoded item such a number is
// kept as the index (a double) of its text in this list.
using NumberTexts = std::span<const std::string_view>;

// Turns `value` into `cell` by the rules of docs/plan.md ("Types"). null and the empty list are
// null for every type. kInvalidArgument: `expected text, got object`, without the path.
absl::Status ReadField(const boost::json::value& value, FieldType type, NumberTexts numbers,
                       Cell& cell);

// What `value` is, for people: text, number, boolean, object, list or null.
std::string_view KindName(const boost::json::value& value);

// Whether a `.keyword` sub-field has `text`: it has at most 256 UTF-16 units.
bool IsKeyword(std::string_view text);

// Empty, or nothing but ASCII white space.
bool IsBlank(std::string_view text);

}  // namespace syncd

#endif  // SYNCD_READMODEL_FIELD_VALUES_H_
