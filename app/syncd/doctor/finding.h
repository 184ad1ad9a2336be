// What the doctor finds.
#ifndef SYNCD_DOCTOR_FINDING_H_
#define SYNCD_DOCTOR_FINDING_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncd {

enum class Severity {
  kOk,       // as it should be
  kInfo,     // good to know; nothing to do
  kWarning,  // something is lost, late or misleading as long as it stays so
  kError,    // something does not work
};

// `ok`, `info`, `warning`, `error`.
std::string_view SeverityName(Severity severity);

// One finding. `check` is a contract: the subject and what was looked at, `queue.consumers`.
struct Finding {
  std::string check;
  Severity severity = Severity::kOk;
  std::string what;         // names and figures
  std::string remedy;       // what to do; empty for kOk, and where there is nothing to do
  bool stops_sync = false;  // a sync would end without a swap
};

// Collects findings.
class Findings {
 public:
  void Ok(std::string check, std::string what) {
    list_.push_back({std::move(check), Severity::kOk, std::move(what), "", false});
  }
  void Info(std::string check, std::string what, std::string remedy = "") {
    list_.push_back({std::move(check), Severity::kInfo, std::move(what), std::move(remedy), false});
  }
  void Warning(std::string check, std::string what, std::string remedy) {
    list_.push_back(
        {std::move(check), Severity::kWarning, std::move(what), std::move(remedy), false});
  }
  void Error(std::string check, std::string what, std::string remedy) {
    list_.push_back(
        {std::move(check), Severity::kError, std::move(what), std::move(remedy), false});
  }
  // An error with which a sync would end without a swap.
  void Stop(std::string check, std::string what, std::string remedy) {
    list_.push_back({std::move(check), Severity::kError, std::move(what), std::move(remedy), true});
  }

  const std::vector<Finding>& list() const { return list_; }

  // Whether any of them would stop a sync.
  bool StopsSync() const;

  // How many are of this severity.
  size_t Count(Severity severity) const;

 private:
  std::vector<Finding> list_;
};

}  // namespace syncd

#endif  // SYNCD_DOCTOR_FINDING_H_
