// Stand-ins for those around a run: who listens to it, and the queues.
#ifndef SYNCD_TESTS_UNIT_SYNC_RUN_FAKES_H_
#define SYNCD_TESTS_UNIT_SYNC_RUN_FAKES_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "syncd/sync/hooks.h"
#include "syncd/wiring.h"

namespace syncd {

// Keeps what a run tells; for one that notes on a single thread.
class RecordingHooks : public RunHooks {
 public:
  void OnProgress(const RunProgress& progress) override { last = progress; }
  void Note(indexswap::Observer::Severity, const std::string& text) override {
    notes.push_back(text);
    if (on_note) on_note(text);
  }
  void Reached(std::string_view) override {}
  bool Interrupted() override { return interrupted; }

  RunProgress last;
  std::vector<std::string> notes;
  std::function<void(const std::string&)> on_note;
  bool interrupted = false;
};

// Queues from which nothing can be read, and a broker that takes what is announced.
class NoQueues : public Sources, public Publisher {
 public:
  bool files() const override { return false; }
  absl::Status Check(const Plan&) const override { return absl::OkStatus(); }
  bool HasQueue(const PlanChannel&) const override { return true; }
  std::chrono::milliseconds MinimumQuiet(const PlanChannel&) const override { return {}; }
  absl::StatusOr<std::unique_ptr<Source>> Make(const PlanChannel&) override {
    return absl::UnavailableError("no broker");
  }
  Publisher* publisher() override { return this; }
  absl::Status Publish(const std::string&, const std::string&, const std::string&) override {
    return absl::OkStatus();
  }
};

}  // namespace syncd

#endif  // SYNCD_TESTS_UNIT_SYNC_RUN_FAKES_H_
