// What the log is asked when a generation, or the whole folder, was lost.
#include <absl/strings/str_format.h>

#include <algorithm>

#include "syncd/readmodel/event_log.h"

namespace syncd {
namespace {

// Whether two plans find the same changes of an entity in an event. How they read its other fields
// is their own business.
bool SameEvents(const Plan& old_plan, const PlanAssignment& old_one, const Plan& new_plan,
                const PlanAssignment& new_one) {
  const PlanEntity* old_entity = old_plan.FindEntity(old_one.entity);
  const PlanEntity* new_entity = new_plan.FindEntity(new_one.entity);
  return old_entity != nullptr && new_entity != nullptr && old_one.entity == new_one.entity &&
         old_entity->key == new_entity->key && old_one.at == new_one.at &&
         old_one.only_with == new_one.only_with && old_one.when == new_one.when &&
         old_one.deletes == new_one.deletes;
}

}  // namespace

std::string WhyNotAllEvents(const Plan& plan, const Plan& in_use) {
  for (const PlanChannel& channel : plan.channels) {
    if (channel.kind != PlanChannel::Kind::kEvents) continue;
    const PlanChannel* now = in_use.FindChannel(channel.name);
    if (now == nullptr || now->kind != PlanChannel::Kind::kEvents) {
      return absl::StrFormat(
          "its plan has the event channel \"%s\", which the plan in use has no more", channel.name);
    }
    for (const PlanAssignment& assignment : channel.assigns) {
      if (std::ranges::any_of(now->assigns, [&](const PlanAssignment& one) {
            return SameEvents(plan, assignment, in_use, one);
          })) {
        continue;
      }
      return absl::StrFormat(
          "channel \"%s\" of its plan assigns \"%s\", which the plan in use does no more, or "
          "otherwise",
          channel.name, assignment.entity);
    }
  }
  return "";
}

std::string EventLog::WhyNotAllFor(const Plan& plan) const { return WhyNotAllEvents(plan, plan_); }

absl::StatusOr<uint64_t> EventLog::OldestKept() {
  const std::lock_guard lock(mutex_);
  auto select = db_->Prepare("SELECT min(position) FROM event");
  if (!select.ok()) return select.status();
  const auto row = select->Step();
  if (!row.ok()) return row.status();
  return select->IsNull(0) ? head_.load() : static_cast<uint64_t>(select->Integer(0)) - 1;
}

absl::Status EventLog::ForgetAll(uint64_t position) {
  const std::lock_guard lock(mutex_);
  const uint64_t head = std::max(head_.load(), position);
  const absl::Status s = db_->Execute(
      absl::StrFormat("BEGIN IMMEDIATE; DELETE FROM event; DELETE FROM entity_order;"
                      "DELETE FROM sqlite_sequence WHERE name = 'event';"
                      "INSERT INTO sqlite_sequence (name, seq) VALUES ('event', %d); COMMIT",
                      head));
  if (!s.ok()) {
    if (db_->InTransaction()) db_->Execute("ROLLBACK").IgnoreError();
    return s;
  }
  head_ = head;
  next_position_ = head + 1;
  return absl::OkStatus();
}

}  // namespace syncd
