// The types that a mapping gives to the top-level fields of a document.
#ifndef SYNCD_PLAN_MAPPING_TYPES_H_
#define SYNCD_PLAN_MAPPING_TYPES_H_

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <string_view>

namespace syncd {

using MappingTypes = std::map<std::string, std::string, std::less<>>;

// Field to type, of `{"properties": {"id": {"type": "long"}, …}}`; a field with `properties` and no
// type is an `object`. kInvalidArgument, without the file's name, when `json` is no such mapping.
absl::StatusOr<MappingTypes> ReadMappingTypes(std::string_view json);

}  // namespace syncd

#endif  // SYNCD_PLAN_MAPPING_TYPES_H_
