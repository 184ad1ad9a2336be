// From the rows of a family's view to its documents.
#ifndef SYNCD_READMODEL_PROJECTION_H_
#define SYNCD_READMODEL_PROJECTION_H_

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/database.h"

namespace syncd {

// Takes one document. `id` lives until it returns. An error ends the projection.
using DocumentSink = absl::FunctionRef<absl::Status(std::string_view id, std::string&& document)>;

// Reads the view of `family` once, row by row, and hands each to `sink` as a JSON object: a column
// a field, nulls and empty lists left out; a column that the mapping calls nested or object is JSON
// already. Memory does not grow with the number of rows. kInvalidArgument: a row without an id.
absl::Status ProjectFamily(Database& db, const PlanFamily& family, DocumentSink sink);

// Reads the documents of single join keys. Not thread-safe; `db` and `family` must outlive it.
class KeyProjector {
 public:
  static absl::StatusOr<KeyProjector> Create(Database& db, const PlanFamily& family);

  // Hands each document that `join_key` has in the family to `sink`, as ProjectFamily does.
  absl::Status Project(std::string_view join_key, DocumentSink sink);

  // Calls `sink` with the id of each.
  absl::Status Ids(std::string_view join_key, absl::FunctionRef<void(std::string_view id)> sink);

  const PlanFamily& family() const { return *family_; }

 private:
  explicit KeyProjector(const PlanFamily& family) : family_(&family) {}

  const PlanFamily* family_;
  Statement rows_;
  Statement ids_;
};

// The number of rows of the family's view.
absl::StatusOr<uint64_t> CountFamily(Database& db, const PlanFamily& family);

// Appends `text` to `out` as a JSON string, quotes included.
void AppendJsonString(std::string_view text, std::string& out);

}  // namespace syncd

#endif  // SYNCD_READMODEL_PROJECTION_H_
