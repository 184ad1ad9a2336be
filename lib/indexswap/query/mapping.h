// A mapping as OpenSearch and Elasticsearch have it, and whether a document fits it.
#ifndef INDEXSWAP_QUERY_MAPPING_H_
#define INDEXSWAP_QUERY_MAPPING_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "indexswap/query/date.h"

namespace indexswap {

// What a mapping says of one field.
struct MappedField {
  enum class Type {
    kObject,
    kNested,
    kText,
    kKeyword,
    kBoolean,
    kByte,
    kShort,
    kInteger,
    kLong,
    kFloat,
    kDouble,
    kDate,
  };
  // What happens to a field of an object that the mapping does not name.
  enum class Dynamic {
    kMap,     // true: the server maps it by its first value
    kIgnore,  // false: kept in the document, not searchable
    kStrict,  // the document is refused
  };
  using Fields = std::map<std::string, MappedField, std::less<>>;

  Type type = Type::kObject;
  Dynamic dynamic = Dynamic::kMap;     // of objects
  bool enabled = true;                 // of objects: false takes anything
  bool ignore_malformed = false;       // takes any scalar
  bool coerce = true;                  // of numbers: "12" and 1.5 will do
  std::optional<size_t> ignore_above;  // of keywords: longer ones (characters) are not searchable
  DateFormats formats;                 // of dates
  Fields properties;                   // of objects
  Fields multi;                        // sub-fields such as `.keyword`
};

// `keyword`, `long` ...
const char* ToString(MappedField::Type type);

// A mapping that has been read. Immutable; every method is thread-safe.
class ParsedMapping {
 public:
  // `mappings` is a JSON object as in a create-index request; empty means an empty mapping.
  // kInvalidArgument names the field with an unknown type, parameter or date format.
  static absl::StatusOr<ParsedMapping> Parse(std::string_view mappings);

  // Whether a server with this mapping would take `document`. kInvalidArgument with field, type and
  // what the value looks like. Numbers and dates are coerced as the servers do it: "12" and 1.5
  // will do for a long, null for everything. Two approximations: values under a field that only a
  // dynamic mapping would map are taken as they are, and repeated keys are not noticed.
  absl::Status Check(std::string_view document) const;

  const MappedField& root() const { return *root_; }

 private:
  explicit ParsedMapping(std::shared_ptr<const MappedField> root) : root_(std::move(root)) {}

  std::shared_ptr<const MappedField> root_;  // shared: a mapping is copied to every handle
};

}  // namespace indexswap

#endif  // INDEXSWAP_QUERY_MAPPING_H_
