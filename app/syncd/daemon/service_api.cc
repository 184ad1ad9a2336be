// What the service answers over HTTP: the daemon's answers while it is active, and those of a
// standby otherwise.
#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include "syncd/daemon/answers.h"
#include "syncd/daemon/maintenance.h"
#include "syncd/daemon/metrics.h"
#include "syncd/daemon/service.h"
#include "syncd/report/report.h"

namespace syncd {
namespace {

constexpr int kConflict = 409;
constexpr int kNotYet = 503;

}  // namespace

Service::Visit::Visit(Service& service) : service_(service) {
  const std::lock_guard lock(service_.mutex_);
  daemon_ = service_.active_;
  tenure_ = service_.open_;
  ++service_.visits_;
}

Service::Visit::~Visit() {
  const std::lock_guard lock(service_.mutex_);
  --service_.visits_;
  service_.left_.notify_all();
}

std::string Service::WhoHoldsIt() const {
  const std::lock_guard lock(mutex_);
  if (!trouble_.empty()) return "nobody knows who holds the lease: " + trouble_;
  return holder_ ? WhoHolds(*holder_) : "the lease has not been looked at yet";
}

std::string Service::WhoHolds(const indexswap::Lease& lease) const {
  const std::string name = indexswap::LeaseName(tools_.plan.ToReleaseSpec().name, lease.epoch);
  if (!lease.record) return absl::StrFormat("somebody has just taken the lease %s", name);
  const indexswap::LeaseOwner& owner = lease.record->owner;
  return absl::StrFormat("%s (pid %d%s) holds the lease %s", owner.host, owner.pid,
                         owner.address.empty() ? "" : ", at " + owner.address, name);
}

// Whoever wants something changed has to know that nothing was, and whom to ask.
ApiAnswer Service::Refusal() const {
  bool known = false;
  {
    const std::lock_guard lock(mutex_);
    known = trouble_.empty() && holder_;
  }
  const std::string who = WhoHoldsIt();
  if (!known)
    return ApiError(kNotYet, "unavailable", "nothing was done, this is a standby: " + who);
  return ApiError(kConflict, "standby",
                  absl::StrFormat("nothing was done, this is a standby: %s. Ask there", who));
}

ApiAnswer Service::ForActive(const std::function<ApiAnswer(Daemon&)>& call) {
  const Visit visit(*this);
  return visit.daemon() == nullptr ? Refusal() : call(*visit.daemon());
}

ApiAnswer Service::ForReader(const std::function<ApiAnswer(Daemon&)>& active,
                             const std::function<ApiAnswer(indexswap::Engine&)>& standby) {
  const Visit visit(*this);
  if (visit.daemon() != nullptr) return active(*visit.daemon());
  if (visit.tenure() != nullptr) return standby(*visit.tenure()->engine);
  return ApiError(kNotYet, "unavailable", WhoHoldsIt());
}

ApiAnswer Service::StandbyStatus(indexswap::Engine& engine) const {
  auto status = engine.Status();
  if (!status.ok()) return ApiError(status.status());
  LocalStatus local = ReadStateFolder(state_, status->live);
  AddJournal(state_, local);
  local.role = "standby";
  AddDiskFinding(state_, local, config().disk.min_free_bytes, *status);
  local.run.reset();  // what was cut off here is no run of now
  const std::string who = status->lease ? WhoHolds(*status->lease) : WhoHoldsIt();
  status->findings.insert(status->findings.begin(), "this is a standby: " + who);
  return {200, StatusJson(*status, local)};
}

ApiAnswer Service::StartSync(const ApiSyncRequest& request) {
  return ForActive([&](Daemon& daemon) { return daemon.StartSync(request); });
}

ApiAnswer Service::CancelSync() {
  return ForActive([](Daemon& daemon) { return daemon.CancelSync(); });
}

ApiAnswer Service::Status() {
  return ForReader([](Daemon& daemon) { return daemon.Status(); },
                   [this](indexswap::Engine& engine) { return StandbyStatus(engine); });
}

ApiAnswer Service::Plan() {
  return ForReader([](Daemon& daemon) { return daemon.Plan(); },
                   [this](indexswap::Engine& engine) { return AnswerPlan(tools_.plan, engine); });
}

// A dry run, too: only the active one knows what would be lost.
ApiAnswer Service::Rollback(const ApiRollbackRequest& request) {
  return ForActive([&](Daemon& daemon) { return daemon.Rollback(request); });
}

ApiAnswer Service::Prune(bool dry_run) {
  return ForActive([&](Daemon& daemon) { return daemon.Prune(dry_run); });
}

ApiAnswer Service::Adopt(const ApiAdoptRequest& request) {
  return ForActive([&](Daemon& daemon) { return daemon.Adopt(request); });
}

ApiAnswer Service::DeadLetters() { return AnswerDeadLetters(state_); }

ApiAnswer Service::DeadLetter(const std::string& id) { return AnswerDeadLetter(state_, id); }

ApiAnswer Service::RetryDeadLetter(const std::string& id) {
  return ForActive([&](Daemon& daemon) { return daemon.RetryDeadLetter(id); });
}

ApiAnswer Service::DropDeadLetter(const std::string& id) {
  return ForActive([&](Daemon& daemon) { return daemon.DropDeadLetter(id); });
}

ApiAnswer Service::TakeMessages(const std::string& channel,
                                const std::vector<std::string>& bodies) {
  return ForActive([&](Daemon& daemon) { return daemon.TakeMessages(channel, bodies); });
}

std::optional<std::string> Service::NotReady() {
  const Visit visit(*this);
  if (visit.daemon() != nullptr) return visit.daemon()->NotReady();
  {
    const std::lock_guard lock(mutex_);
    if (!ended_.empty()) return ended_;
  }
  return "standby: " + WhoHoldsIt();
}

std::string Service::Metrics() {
  const Visit visit(*this);
  const bool active = visit.daemon() != nullptr;
  return RoleMetrics(active) + (active ? visit.daemon()->Metrics() : "");
}

}  // namespace syncd
