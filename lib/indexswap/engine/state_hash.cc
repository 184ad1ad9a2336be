#include "indexswap/engine/state_hash.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <indexswap/engine.h>

#include <string_view>
#include <vector>

#include "indexswap/json/content_hash.h"

namespace indexswap {
namespace {

constexpr const char* kParts[] = {"the plan", "the aliases", "the generations"};

// Every value by its length and itself, so that no two lists are one text.
class Text {
 public:
  Text& Add(std::string_view value) {
    text_ += absl::StrFormat("%d:%s,", value.size(), value);
    return *this;
  }
  Text& Add(uint64_t value) { return Add(absl::StrFormat("%d", value)); }

  std::string Hash() const { return absl::StrFormat("%016x", HashContent("", "", text_).high); }

 private:
  std::string text_;
};

std::string HashOfAliases(const ReleaseView& view) {
  Text text;
  for (const auto& [alias, targets] : view.aliases) {
    text.Add(alias).Add(uint64_t{targets.size()});
    for (const AliasTarget& target : targets) {
      text.Add(target.index).Add(target.filter).Add(target.options);
    }
  }
  for (const std::string& name : view.concrete) text.Add(name);
  return text.Hash();
}

std::string HashOfGenerations(const ReleaseView& view, uint64_t next) {
  Text text;
  for (const auto& [number, generation] : view.generations) {
    text.Add(number).Add(generation.newer);
    for (const auto& [family, index] : generation.families) {
      text.Add(index.name);
      if (!index.meta) continue;
      const GenerationMeta& meta = *index.meta;
      text.Add(meta.build_id).Add(ToString(meta.state)).Add(meta.promoted_at);
      text.Add(meta.replaces ? absl::StrFormat("%d", *meta.replaces) : "");
    }
  }
  return text.Add(next).Hash();
}

}  // namespace

std::string StateHash(const ReleaseView& view, const std::string& plan_hash, uint64_t next) {
  return absl::StrJoin(
      {Text().Add(plan_hash).Hash(), HashOfAliases(view), HashOfGenerations(view, next)}, "-");
}

std::string DifferenceOfStates(const std::string& one, const std::string& other) {
  const std::vector<std::string> first = absl::StrSplit(one, '-');
  const std::vector<std::string> second = absl::StrSplit(other, '-');
  if (first.size() != std::size(kParts) || second.size() != first.size()) return "all of it";
  std::vector<std::string> different;
  for (size_t i = 0; i < first.size(); ++i) {
    if (first[i] != second[i]) different.emplace_back(kParts[i]);
  }
  return absl::StrJoin(different, ", ");
}

}  // namespace indexswap
