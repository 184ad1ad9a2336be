// A run in the foreground: progress for who waits for it, and an orderly end by a signal.
#ifndef SYNCD_CLI_FOREGROUND_H_
#define SYNCD_CLI_FOREGROUND_H_

#include <string>
#include <string_view>

#include "syncd/cli/observer.h"
#include "syncd/cli/progress.h"
#include "syncd/sync/hooks.h"

namespace syncd {

// SIGINT and SIGTERM interrupt a run; the second one ends the process at once.
void HandleSignals();

// See the head of this file.
class ForegroundHooks : public RunHooks {
 public:
  explicit ForegroundHooks(CliObserver& observer);

  void OnProgress(const RunProgress& progress) override { printer_.Show(progress); }
  void Note(indexswap::Observer::Severity severity, const std::string& text) override;
  void Reached(std::string_view step) override { observer_.OnStep(step); }
  bool Interrupted() override;

  ProgressPrinter& printer() { return printer_; }

 private:
  CliObserver& observer_;
  ProgressPrinter printer_;
};

}  // namespace syncd

#endif  // SYNCD_CLI_FOREGROUND_H_
