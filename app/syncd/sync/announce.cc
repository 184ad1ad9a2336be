#include "syncd/sync/announce.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

namespace syncd {

std::vector<std::string> PendingOf(const indexswap::ReleaseStatus& status) {
  std::vector<std::string> pending;
  for (const indexswap::AliasStatus& alias : status.aliases) {
    if (alias.pending) pending.push_back(alias.name);
  }
  return pending;
}

bool AnnounceSwap(
    const Plan& plan, Sources& sources, const std::vector<std::string>& pending,
    const std::function<void(indexswap::Observer::Severity, const std::string&)>& note,
    const std::function<void(std::string_view)>& step, const std::function<bool()>& again) {
  if (!plan.has_after_swap || sources.files()) return true;
  constexpr auto kInfo = indexswap::Observer::Severity::kInfo;
  constexpr auto kWarning = indexswap::Observer::Severity::kWarning;
  const PlanStart& message = plan.after_swap;
  if (!pending.empty()) {
    note(kWarning, absl::StrFormat("%s was not sent: the aliases %s are pending", message.body,
                                   absl::StrJoin(pending, ", ")));
    return true;
  }
  step("announce.before");
  const auto publish = [&] {
    return sources.publisher()->Publish(message.exchange, message.routing_key, message.body);
  };
  absl::Status sent = publish();
  while (sent.code() == absl::StatusCode::kUnavailable && again()) sent = publish();
  step("announce.after");
  if (sent.ok()) {
    note(kInfo, absl::StrFormat("sent %s to %s", message.body, message.routing_key));
    return true;
  }
  note(kWarning, absl::StrFormat("nobody was told that the new generation is live: %s",
                                 std::string(sent.message())));
  return sent.code() != absl::StatusCode::kUnavailable;
}

}  // namespace syncd
