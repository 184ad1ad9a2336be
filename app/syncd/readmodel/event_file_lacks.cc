// Events that a generation's own plan knows nothing of: what to do with them, and what is missing
// since.
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include "syncd/readmodel/event_file.h"
#include "syncd/readmodel/event_log.h"
#include "syncd/readmodel/schema.h"

namespace syncd {
namespace {

absl::StatusOr<std::string> LeftOutOf(Database& db, const Plan& plan) {
  auto select = db.Prepare("SELECT name, rejected FROM channel WHERE rejected > 0 ORDER BY name");
  if (!select.ok()) return select.status();
  std::vector<std::string> parts;
  for (;;) {
    const auto row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::StrJoin(parts, "; ");
    const std::string name = select->TextCopy(0);
    const PlanChannel* channel = plan.FindChannel(name);
    if (channel != nullptr && channel->kind == PlanChannel::Kind::kSnapshot) continue;
    parts.push_back(
        absl::StrFormat("its plan %s \"%s\", of which %d events are not in it",
                        channel == nullptr ? "has no channel" : "can't read all of channel", name,
                        select->Integer(1)));
  }
}

}  // namespace

// The row of a channel counts what was left out as rejected: of an event channel nothing else is.
absl::Status EventFile::CountLeftOut(const LoggedEvent& event, const absl::Status& reason) {
  if (!leaves_out_) return reason;
  auto count = db_->Prepare(
      "INSERT INTO channel (name, rejected) VALUES (?1, 1) "
      "ON CONFLICT DO UPDATE SET rejected = rejected + 1");
  if (!count.ok()) return count.status();
  count->BindText(1, event.channel);
  return count->Run();
}

absl::StatusOr<std::string> EventFile::LeftOut() { return LeftOutOf(*db_, plan_); }

// Reads only, and whoever writes to the file at the moment is not disturbed.
absl::StatusOr<std::string> WhyIncomplete(const std::string& path, const Plan& in_use) {
  const auto db = OpenFile(path, Database::Mode::kReadOnly, Durability::kFull, GenerationFormat());
  if (!db.ok()) return db.status();
  const auto plan = LoadPlan(**db);
  if (!plan.ok()) return plan.status();
  auto left_out = LeftOutOf(**db, *plan);
  if (!left_out.ok() || !left_out->empty()) return left_out;
  return WhyNotAllEvents(*plan, in_use);
}

}  // namespace syncd
