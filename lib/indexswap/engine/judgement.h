// How a gate puts together what it has to say.
#ifndef INDEXSWAP_ENGINE_JUDGEMENT_H_
#define INDEXSWAP_ENGINE_JUDGEMENT_H_

#include <absl/strings/str_join.h>
#include <indexswap/generation.h>

#include <string>
#include <utility>
#include <vector>

namespace indexswap {

// Collects what one gate has to say; passes unless something was found.
class Judgement {
 public:
  explicit Judgement(std::string_view gate) { result_.gate = std::string(gate); }

  // `final`: no override would help.
  void Fail(std::string why, bool final = false) {
    failures_.push_back(std::move(why));
    result_.final = result_.final || final;
  }
  void Note(std::string what) { notes_.push_back(std::move(what)); }

  GateResult Result() {
    result_.passed = failures_.empty();
    result_.detail = absl::StrJoin(failures_.empty() ? notes_ : failures_, "; ");
    return result_;
  }

 private:
  GateResult result_;
  std::vector<std::string> failures_;
  std::vector<std::string> notes_;
};

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_JUDGEMENT_H_
