#include "syncd/daemon/run_worker.h"

#include <utility>

namespace syncd {
namespace {

using std::chrono::steady_clock;

// Rates are those of so long a time.
constexpr std::chrono::seconds kRateWindow{2};

}  // namespace

class RunWorker::Hooks : public RunHooks {
 public:
  explicit Hooks(RunWorker& worker) : worker_(worker) {}

  void OnProgress(const RunProgress& progress) override { worker_.Note(progress); }
  void Note(indexswap::Observer::Severity severity, const std::string& text) override {
    worker_.callbacks_.note(severity, text);
  }
  void Reached(std::string_view step) override { worker_.callbacks_.step(step); }
  bool Interrupted() override { return worker_.interrupted_; }

 private:
  RunWorker& worker_;
};

RunWorker::RunWorker(Work work, Callbacks callbacks)
    : work_(std::move(work)),
      callbacks_(std::move(callbacks)),
      hooks_(std::make_unique<Hooks>(*this)) {}

RunWorker::~RunWorker() { Stop(); }

std::optional<uint64_t> RunWorker::Start(uint64_t run, const SyncRequest& request) {
  std::unique_lock lock(mutex_);
  if (view_) return view_->run;
  if (stopped_) return std::nullopt;
  if (thread_.joinable()) thread_.join();  // has ended: it left no view
  view_ = RunView();
  view_->run = run;
  view_->stage = "receiving";
  interrupted_ = cancelled_ = false;
  sampled_.clear();
  sampled_loaded_ = 0;
  sampled_at_ = steady_clock::now();
  thread_ = std::thread([this, request] { Finish(work_(request, *hooks_)); });
  return std::nullopt;
}

void RunWorker::Finish(const SyncOutcome& outcome) {
  bool cancelled = false;
  {
    const std::lock_guard lock(mutex_);
    cancelled = cancelled_;
  }
  callbacks_.done(outcome, cancelled);
  const std::lock_guard lock(mutex_);
  last_ = outcome;
  view_.reset();
}

bool RunWorker::Cancel() {
  const std::lock_guard lock(mutex_);
  if (!view_) return false;
  interrupted_ = cancelled_ = true;
  return true;
}

void RunWorker::Stop() {
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    interrupted_ = true;
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
}

std::optional<RunView> RunWorker::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

std::optional<SyncOutcome> RunWorker::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void RunWorker::Note(const RunProgress& progress) {
  const std::lock_guard lock(mutex_);
  if (!view_) return;
  const bool new_stage = view_->stage != progress.stage;
  view_->stage = progress.stage;
  view_->progress = progress;
  if (progress.generation != 0) view_->run = progress.generation;
  const auto now = steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - sampled_at_).count();
  if (!new_stage && now - sampled_at_ < kRateWindow) return;
  view_->eta_s.reset();
  if (!new_stage && progress.total && progress.loaded > sampled_loaded_) {
    const double rate = static_cast<double>(progress.loaded - sampled_loaded_) / seconds;
    view_->eta_s = static_cast<double>(*progress.total - progress.loaded) / rate;
  }
  for (const auto& [name, channel] : progress.channels) {
    const uint64_t before = sampled_[name];
    if (seconds > 0 && channel.records >= before) {
      view_->rates[name] = static_cast<double>(channel.records - before) / seconds;
    }
    sampled_[name] = channel.records;
  }
  sampled_loaded_ = progress.loaded;
  sampled_at_ = now;
}

}  // namespace syncd
