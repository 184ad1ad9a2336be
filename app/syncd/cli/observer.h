// What the engine and a run report, as log lines and named steps.
#ifndef SYNCD_CLI_OBSERVER_H_
#define SYNCD_CLI_OBSERVER_H_

#include <indexswap/observer.h>

#include <string>
#include <string_view>

#include "syncd/cli/steps.h"
#include "syncd/sync/refused.h"

namespace syncd {

// Logs to stderr, never what is in a document or a message. Thread-safe.
class CliObserver : public indexswap::Observer {
 public:
  // `refused` is not owned.
  explicit CliObserver(RefusedDocuments& refused) : refused_(refused) {}

  void OnNote(Severity severity, const std::string& text) override;
  void OnRefused(const indexswap::RefusedDocument& document) override { refused_.Add(document); }
  void OnStep(std::string_view step) override { steps_.Reached(step); }

 private:
  RefusedDocuments& refused_;
  Steps steps_;
};

// Sets the log up: stderr, UTC.
void StartLog();

}  // namespace syncd

#endif  // SYNCD_CLI_OBSERVER_H_
