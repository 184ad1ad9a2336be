// Events that a generation's own plan knows nothing of: what to do with them, and what is missing
// since.
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include "syncd/readmodel/event_file.h"

namespace syncd {

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

absl::StatusOr<std::string> EventFile::LeftOut() {
  auto select = db_->Prepare("SELECT name, rejected FROM channel WHERE rejected > 0 ORDER BY name");
  if (!select.ok()) return select.status();
  std::vector<std::string> parts;
  for (;;) {
    const auto row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::StrJoin(parts, "; ");
    const std::string name = select->TextCopy(0);
    const PlanChannel* channel = plan_.FindChannel(name);
    if (channel != nullptr && channel->kind == PlanChannel::Kind::kSnapshot) continue;
    parts.push_back(
        absl::StrFormat("its plan %s \"%s\", of which %d events are not in it",
                        channel == nullptr ? "has no channel" : "can't read all of channel", name,
                        select->Integer(1)));
  }
}

}  // namespace syncd
