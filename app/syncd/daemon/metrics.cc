#include "syncd/daemon/metrics.h"

#include <absl/time/clock.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

namespace syncd {
namespace {

using Labels = std::map<std::string, std::string>;

// Collects values as they are now.
class Page {
 public:
  void Gauge(const std::string& name, const std::string& help, const Labels& labels, double value) {
    prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(labels).Set(value);
  }
  void Counter(const std::string& name, const std::string& help, const Labels& labels,
               uint64_t value) {
    prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels).Increment(
        static_cast<double>(value));
  }
  std::string Text() const { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

 private:
  // Asking again for a family of one name gives the same one.
  prometheus::Registry registry_{prometheus::Registry::InsertBehavior::Merge};
};

void AddStatus(const indexswap::ReleaseStatus& status, Page& page) {
  page.Gauge("syncd_live_generation", "The generation that the aliases are on; 0: none", {},
             static_cast<double>(status.live.value_or(0)));
  page.Gauge("syncd_previous_generation", "The one that it replaced; 0: none", {},
             static_cast<double>(status.previous.value_or(0)));
  for (const indexswap::AliasStatus& alias : status.aliases) {
    if (!alias.documents) continue;
    page.Gauge("syncd_alias_documents", "Documents that an alias shows", {{"alias", alias.name}},
               static_cast<double>(*alias.documents));
  }
}

void AddEvents(const LocalStatus& local, const std::vector<IntakeState>& intakes, Page& page) {
  for (const auto& [channel, counts] : local.events) {
    const Labels labels{{"channel", channel}};
    page.Counter("syncd_events_received_total", "Live events received", labels, counts.received);
    page.Counter("syncd_events_journalled_total", "Live events journalled", labels,
                 counts.journalled);
    page.Counter("syncd_events_stale_total", "Live events older than what was known", labels,
                 counts.stale);
    page.Counter("syncd_events_empty_total", "Live events that say nothing", labels, counts.empty);
    page.Counter("syncd_events_rejected_total", "Live events that became dead letters", labels,
                 counts.rejected);
  }
  for (const IntakeState& intake : intakes) {
    const Labels labels{{"channel", intake.channel}};
    page.Gauge("syncd_events_unacknowledged", "Messages journalled and not yet acknowledged",
               labels, static_cast<double>(intake.unacknowledged));
    page.Gauge("syncd_channel_up", "1 while the channel's queue is read", labels,
               intake.trouble.empty() ? 1 : 0);
  }
  for (const auto& [generation, state] : local.warm) {
    const Labels labels{{"generation", std::to_string(generation)}};
    page.Gauge(
        "syncd_generation_lag_events", "Events that an index has not answered for", labels,
        static_cast<double>(local.events_head - std::min(local.events_head, state.answered)));
    page.Gauge("syncd_generation_warm", "1 while a generation gets live events", labels,
               state.cold.empty() ? 1 : 0);
  }
}

void AddState(const StateFacts& state, Page& page) {
  if (state.space) {
    page.Gauge("syncd_state_free_bytes", "Free on the state folder's file system", {},
               static_cast<double>(state.space->free_bytes));
    page.Gauge("syncd_state_total_bytes", "Size of the state folder's file system", {},
               static_cast<double>(state.space->total_bytes));
  }
  page.Gauge("syncd_journal_bytes", "The journal's file, with its log", {},
             static_cast<double>(state.journal_bytes));
  page.Gauge("syncd_journal_events", "Events in the journal", {},
             static_cast<double>(state.events));
  const int64_t now_ms = absl::ToUnixMillis(absl::Now());
  const int64_t age_ms = std::max<int64_t>(now_ms - state.oldest_event_ms.value_or(now_ms), 0);
  page.Gauge("syncd_journal_oldest_event_age_seconds", "Age of the oldest of them; 0: none", {},
             static_cast<double>(age_ms) / 1000);
  for (const auto& [generation, bytes] : state.generations) {
    page.Gauge("syncd_generation_file_bytes", "A generation's file, with its log",
               {{"generation", std::to_string(generation)}}, static_cast<double>(bytes));
  }
}

void AddRun(const LocalStatus& local, const std::optional<SyncOutcome>& last, Page& page) {
  page.Gauge("syncd_run_active", "1 while a sync is under way", {}, local.run ? 1 : 0);
  page.Gauge("syncd_run_blocked", "1 while it waits for a block on an index to be removed", {},
             local.blocked.empty() ? 0 : 1);
  for (const ChannelState& channel : local.channels) {
    if (!local.run) break;
    page.Gauge("syncd_run_records", "Records that the sync under way has received",
               {{"channel", channel.name}}, static_cast<double>(channel.records));
  }
  if (!last) return;
  page.Gauge("syncd_last_run_ok", "1 if the last sync of this process went live", {},
             last->status.ok() ? 1 : 0);
  page.Gauge("syncd_last_run_build_seconds", "How long its build took", {}, last->build_s);
  page.Gauge("syncd_last_run_swap_seconds", "How long its swap took", {}, last->swap_ms / 1000);
}

}  // namespace

std::string DaemonMetrics(const indexswap::ReleaseStatus* status, const LocalStatus& local,
                          const std::vector<IntakeState>& intakes,
                          const std::optional<SyncOutcome>& last) {
  Page page;
  if (status != nullptr) AddStatus(*status, page);
  AddEvents(local, intakes, page);
  AddState(local.state, page);
  AddRun(local, last, page);
  page.Gauge("syncd_dead_letters", "Dead letters kept", {},
             static_cast<double>(local.dead_letters));
  return page.Text();
}

std::string RoleMetrics(bool active) {
  Page page;
  page.Gauge("syncd_active", "1 while this process holds the lease, 0 while it is a standby", {},
             active ? 1 : 0);
  return page.Text();
}

}  // namespace syncd
