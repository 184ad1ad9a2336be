#include "syncd/daemon/answers.h"

#include <indexswap/names.h>

#include <vector>

#include "syncd/daemon/maintenance.h"
#include "syncd/report/report.h"

namespace syncd {

ApiAnswer AnswerPlan(const Plan& plan, indexswap::Engine& engine) {
  const auto report = engine.PlanSwap(0);
  if (!report.ok()) return ApiError(report.status());
  std::vector<std::string> indexes;
  for (const PlanFamily& family : plan.families) {
    indexes.push_back(indexswap::IndexName(family.name, report->to));
  }
  return {200, PlanJson(*report, indexes)};
}

ApiAnswer AnswerDeadLetters(const std::string& state_dir) {
  const auto letters = ListDeadLetters(state_dir);
  if (!letters.ok()) return ApiError(letters.status());
  return {200, DeadLettersJson(*letters)};
}

ApiAnswer AnswerDeadLetter(const std::string& state_dir, const std::string& id) {
  const auto parts = ParseDeadLetterId(id);
  if (!parts) return ApiError(absl::NotFoundError("there is no such dead letter"));
  const auto letter = GetDeadLetter(state_dir, *parts);
  if (!letter.ok()) return ApiError(letter.status());
  return {200, DeadLetterJson(*letter)};
}

}  // namespace syncd
