// An Api that notes its calls, and answers each with its name.
#ifndef TESTS_UNIT_HTTP_API_FAKE_API_H_
#define TESTS_UNIT_HTTP_API_FAKE_API_H_

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "syncd/http/api.h"

namespace syncd {

class FakeApi : public Api {
 public:
  bool get_starts_sync() const override { return get_starts_sync_; }
  ApiAnswer StartSync(const ApiSyncRequest& request) override {
    std::string call = "sync";
    if (request.promote) call += " promote=" + std::to_string(*request.promote);
    for (const std::string& gate : request.overrides) call += " override=" + gate;
    if (request.if_state) call += " if_state=" + *request.if_state;
    return Note(call, 202, R"({"run":13,"state":"receiving","already_running":false})");
  }
  ApiAnswer CancelSync() override { return Note("cancel"); }
  ApiAnswer Status() override { return Note("status"); }
  ApiAnswer Plan() override { return Note("plan"); }
  ApiAnswer Rollback(const ApiRollbackRequest& request) override {
    if (on_rollback) on_rollback();
    std::string call = "rollback to=" + (request.to ? std::to_string(*request.to) : "previous");
    call += request.accept_loss ? " accept_loss=true" : " accept_loss=false";
    if (request.dry_run) call += " dry_run";
    if (request.if_state) call += " if_state=" + *request.if_state;
    return Note(call);
  }
  ApiAnswer Prune(bool dry_run) override {
    return Note(std::string("prune dry_run=") + (dry_run ? "true" : "false"));
  }
  ApiAnswer Adopt(const ApiAdoptRequest& request) override {
    std::string call = "adopt";
    for (const std::string& name : request.take_names) call += " take=" + name;
    for (const std::string& gate : request.overrides) call += " override=" + gate;
    return Note(call, request.take_names.empty() ? 202 : 200);
  }
  ApiAnswer DeadLetters() override { return Note("list"); }
  ApiAnswer DeadLetter(const std::string& id) override { return Note("show " + id); }
  ApiAnswer RetryDeadLetter(const std::string& id) override { return Note("retry " + id); }
  ApiAnswer DropDeadLetter(const std::string& id) override { return Note("drop " + id); }
  ApiAnswer TakeMessages(const std::string& channel,
                         const std::vector<std::string>& bodies) override {
    std::string call = "take " + channel;
    for (const std::string& body : bodies) call += " <" + body + ">";
    return Note(call, 202);
  }
  std::optional<std::string> NotReady() override { return not_ready; }
  std::string Metrics() override { return "syncd_fake 1\n"; }

  // What was called, in order.
  std::vector<std::string> calls() const {
    std::lock_guard lock(mutex_);
    return calls_;
  }
  // The last call, and forgets all; empty if there was none.
  std::string TakeCall() {
    std::lock_guard lock(mutex_);
    const std::string last = calls_.empty() ? "" : calls_.back();
    calls_.clear();
    return last;
  }

  // Set these before the server starts.
  bool get_starts_sync_ = true;
  std::optional<std::string> not_ready;
  std::function<void()> on_rollback;

 private:
  ApiAnswer Note(const std::string& call, int status = 200, const std::string& json = "{}") {
    std::lock_guard lock(mutex_);
    calls_.push_back(call);
    return {status, json};
  }

  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
};

}  // namespace syncd

#endif  // TESTS_UNIT_HTTP_API_FAKE_API_H_
