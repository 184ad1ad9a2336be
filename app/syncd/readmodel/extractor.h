// From a decoded item to the rows of the entities that it assigns.
#ifndef SYNCD_READMODEL_EXTRACTOR_H_
#define SYNCD_READMODEL_EXTRACTOR_H_

#include <absl/status/status.h>

#include <map>
#include <string>
#include <vector>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/decoder.h"
#include "syncd/readmodel/field_values.h"

namespace syncd {

// One entity as extracted: a cell a field, in the order of PlanEntity::fields.
struct EntityRow {
  enum class Change {
    kAssign,  // the entity is replaced
    kDelete,  // the entity is removed; only its key has a value
    kNone,    // the item says nothing of it
  };

  const PlanEntity* entity = nullptr;
  Change change = Change::kAssign;
  std::vector<Cell> cells;
  Cell order;      // the entity's order field; null where that is null, or a date that is none
  size_t key = 0;  // the cell with the key

  const Cell& key_cell() const { return cells[key]; }
};

// Extracts the entities of one channel. Not thread-safe; `plan` and `channel` must outlive it.
class Extractor {
 public:
  Extractor(const Plan& plan, const PlanChannel& channel);

  // Fills rows(), one an assignment of the channel. kInvalidArgument when the item can't be one of
  // its entities (then none of them counts): `payload[17].doctor.gmcReferenceNumber: expected
  // text, got object`.
  absl::Status Extract(const DecodedItem& item);

  // What the last successful Extract found. A join field that is blank is null.
  const std::vector<EntityRow>& rows() const { return rows_; }

  // Whether any of the item's entities has its key: an end marker without one carries no data.
  bool HasKey(const DecodedItem& item) const;

 private:
  using Path = std::vector<std::string>;

  struct Field {
    Path path;  // from the item
    FieldType type = FieldType::kText;
    bool is_key = false;
    bool is_join = false;
    bool is_order = false;
    std::map<std::string, std::string> words;  // texts that are kept as others
  };
  struct Condition {
    Path path;
    std::string text;
  };
  struct Assignment {
    std::vector<Field> fields;
    Path only_with;                            // empty: no condition
    std::vector<std::vector<Condition>> when;  // empty: no condition
    bool deletes = false;
  };

  EntityRow::Change Decide(const DecodedItem& item, const Assignment& assignment) const;
  absl::Status ExtractRow(const DecodedItem& item, const Assignment& assignment, EntityRow& row);
  absl::Status ExtractField(const DecodedItem& item, const Field& field, Cell& cell) const;

  const bool change_stream_;
  std::vector<Assignment> assignments_;
  std::vector<EntityRow> rows_;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_EXTRACTOR_H_
