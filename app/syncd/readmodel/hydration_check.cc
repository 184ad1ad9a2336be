// Whether a file that was made from documents gives these documents back.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "syncd/readmodel/hydration.h"
#include "syncd/readmodel/projection.h"

namespace syncd {
namespace {

namespace json = boost::json;

// Documents that may differ because a writer was cut off between them: what it had at hand at once,
// and a part of all that a sick store may have left undone. More is a fault of the plan.
constexpr uint64_t kAtOnce = 1000;
constexpr uint64_t kPart = 20;
constexpr uint64_t kFew = 20;  // in an index of next to nothing

// Equal as values: a store keeps no order of fields, and writes texts and numbers in its own way.
bool SameDocument(std::string_view left, std::string_view right) {
  if (left == right) return true;
  json::error_code left_error, right_error;
  const json::value one = json::parse({left.data(), left.size()}, left_error);
  const json::value other = json::parse({right.data(), right.size()}, right_error);
  return !left_error && !right_error && one == other;
}

}  // namespace

absl::Status Hydration::Compare() {
  if (absl::Status s = db_->Execute("BEGIN IMMEDIATE"); !s.ok()) return s;
  for (const PlanFamily& family : plan_.families) {
    if (absl::Status s = CompareFamily(family); !s.ok()) return s;
  }
  absl::Status s = db_->Execute(
      "CREATE TABLE staged.extra AS SELECT family, id FROM staged.document AS d "
      "WHERE NOT EXISTS (SELECT 1 FROM staged.projected AS p "
      "                  WHERE p.family = d.family AND p.id = d.id)");
  if (s.ok()) s = CheckDiffering();
  for (const PlanFamily& family : plan_.families) {
    if (s.ok()) s = QueueDiffering(family);
  }
  if (s.ok()) s = QueueExtra();
  return s.ok() ? db_->Execute("COMMIT") : s;
}

absl::Status Hydration::CompareFamily(const PlanFamily& family) {
  auto find = db_->Prepare("SELECT document FROM staged.document WHERE family = ?1 AND id = ?2");
  if (!find.ok()) return find.status();
  auto seen = db_->Prepare("INSERT INTO staged.projected (family, id) VALUES (?1, ?2)");
  if (!seen.ok()) return seen.status();
  auto differs = db_->Prepare("INSERT INTO staged.differing (family, id) VALUES (?1, ?2)");
  if (!differs.ok()) return differs.status();
  for (Statement* statement : {&*find, &*seen, &*differs}) statement->BindText(1, family.name);
  return ProjectFamily(*db_, family, [&](std::string_view id, std::string&& document) {
    find->BindText(2, id);
    const auto row = find->Step();
    if (!row.ok()) return row.status();
    const bool same = *row && SameDocument(find->Text(0), document);
    find->Reset();
    seen->BindText(2, id);
    if (absl::Status s = seen->Run(); !s.ok() || same) return s;
    differs->BindText(2, id);
    return differs->Run();
  });
}

absl::Status Hydration::CheckDiffering() {
  const auto differing = db_->QueryInteger(
      "SELECT (SELECT count(*) FROM staged.differing) + (SELECT count(*) FROM staged.extra)");
  if (!differing.ok()) return differing.status();
  report_.differing = static_cast<uint64_t>(*differing);
  const uint64_t most =
      std::max({report_.documents / kPart, std::min(kAtOnce, report_.documents / 2), kFew});
  if (report_.differing <= most) return absl::OkStatus();
  auto example = db_->Prepare(
      "SELECT family, id FROM staged.differing UNION ALL SELECT family, id FROM staged.extra");
  if (!example.ok()) return example.status();
  if (const auto row = example->Step(); !row.ok()) return row.status();
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s does not give back the documents that it was given: %d of %d differ, such as %s of %s. "
      "They may have been made by another version of the plan; the next sync builds anew",
      plan_.hydrate_file, report_.differing, report_.documents, example->Text(1),
      example->Text(0)));
}

// Queues the join keys of what is to be written.
absl::Status Hydration::QueueDiffering(const PlanFamily& family) {
  return db_->Execute(
      absl::StrFormat("INSERT OR IGNORE INTO outbox (join_key, first_position, position) "
                      "SELECT DISTINCT join_key, %d, %d FROM %s "
                      "WHERE id IN (SELECT id FROM staged.differing WHERE family = '%s')",
                      std::max<uint64_t>(cursor_, 1), std::max<uint64_t>(cursor_, 1),
                      QuoteName(family.view), family.name));
}

// Queues what is to go. Which join key it had nobody knows any more, so its id stands for one.
absl::Status Hydration::QueueExtra() {
  const uint64_t position = std::max<uint64_t>(cursor_, 1);
  return db_->Execute(
      absl::StrFormat("INSERT OR IGNORE INTO outbox (join_key, first_position, position) "
                      "SELECT DISTINCT id, %d, %d FROM staged.extra;"
                      "INSERT OR IGNORE INTO former_id (join_key, family, id, position) "
                      "SELECT id, family, id, %d FROM staged.extra",
                      position, position, position));
}

}  // namespace syncd
