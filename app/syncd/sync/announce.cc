#include "syncd/sync/announce.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

namespace syncd {

void AnnounceSwap(
    const Plan& plan, Sources& sources, const std::vector<std::string>& pending,
    const std::function<void(indexswap::Observer::Severity, const std::string&)>& note,
    const std::function<void(std::string_view)>& step) {
  if (!plan.has_after_swap || sources.files()) return;
  constexpr auto kInfo = indexswap::Observer::Severity::kInfo;
  constexpr auto kWarning = indexswap::Observer::Severity::kWarning;
  const PlanStart& message = plan.after_swap;
  if (!pending.empty()) {
    return note(kWarning, absl::StrFormat("%s was not sent: the aliases %s are pending",
                                          message.body, absl::StrJoin(pending, ", ")));
  }
  step("announce.before");
  const absl::Status sent =
      sources.publisher()->Publish(message.exchange, message.routing_key, message.body);
  step("announce.after");
  if (sent.ok()) {
    return note(kInfo, absl::StrFormat("sent %s to %s", message.body, message.routing_key));
  }
  note(kWarning, absl::StrFormat("nobody was told that the new generation is live: %s",
                                 std::string(sent.message())));
}

}  // namespace syncd
