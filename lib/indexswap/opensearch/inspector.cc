#include "indexswap/opensearch/inspector.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <indexswap/names.h>

#include <utility>

#include "indexswap/opensearch/answers.h"
#include "indexswap/opensearch/inspector_codec.h"
#include "indexswap/opensearch/state_codec.h"
#include "indexswap/opensearch/store.h"

namespace indexswap {
namespace {

// Names that are not there are left out of the answer; hidden and closed indexes are in it.
constexpr char kLenient[] = "ignore_unavailable=true&allow_no_indices=true";

std::string Encoded(const std::vector<std::string>& names) {
  return absl::StrJoin(names, ",", [](std::string* out, const std::string& name) {
    out->append(PercentEncode(name));
  });
}

// `a_v*,b_v*`.
std::string FamilyPatterns(const StateQuery& query) {
  return absl::StrJoin(query.families, ",", [](std::string* out, const std::string& family) {
    out->append(PercentEncode(family) + "_v*");
  });
}

}  // namespace

absl::StatusOr<std::string> OpenSearchInspector::Get(const std::string& target,
                                                     std::string_view what) {
  HttpRequest request;
  request.target = target;
  absl::StatusOr<HttpResponse> response = transport_.Send(request);
  if (!response.ok()) return StatusFromFailure(response.status(), Effect::kRead);
  absl::Status status = StatusFromAnswer(*response, Effect::kRead, what);
  if (!status.ok()) return status;
  return std::move(response->body);
}

std::vector<CapabilityFacts> OpenSearchInspector::Capabilities() const {
  const bool must_exist = server_.capabilities.must_exist;
  return {{"must_exist", must_exist,
           must_exist ? "a swap is refused if somebody has moved an alias meanwhile"
                      : "a swap can't be refused when somebody moves an alias within the same "
                        "milliseconds; it is found when the aliases are read back"}};
}

absl::StatusOr<std::vector<TemplateFacts>> OpenSearchInspector::Templates(
    const std::vector<std::string>& names) {
  const auto composable = Get("/_index_template", "read the index templates");
  if (!composable.ok()) return composable.status();
  const auto legacy = Get("/_template", "read the legacy index templates");
  if (!legacy.ok()) return legacy.status();
  return ParseTemplates(*composable, *legacy, names);
}

absl::StatusOr<std::vector<BlockFacts>> OpenSearchInspector::Blocks(
    const std::vector<std::string>& indexes) {
  std::vector<BlockFacts> blocks;
  if (!indexes.empty()) {
    const auto body =
        Get(absl::StrCat("/", Encoded(indexes), "/_settings/index.blocks.*?flat_settings=true&",
                         kLenient, "&expand_wildcards=all"),
            "read the blocks of indexes");
    if (!body.ok()) return body.status();
    absl::Status parsed = ParseIndexBlocks(*body, blocks);
    if (!parsed.ok()) return parsed;
  }
  const auto body = Get("/_cluster/settings?flat_settings=true", "read the cluster's settings");
  if (!body.ok()) return body.status();
  absl::Status parsed = ParseClusterBlocks(*body, blocks);
  if (!parsed.ok()) return parsed;
  return blocks;
}

absl::StatusOr<std::vector<DiskFacts>> OpenSearchInspector::Disks() {
  const auto settings = Get("/_cluster/settings?flat_settings=true&include_defaults=true",
                            "read the disk watermarks");
  if (!settings.ok()) return settings.status();
  const auto watermarks = ParseWatermarks(*settings);
  if (!watermarks.ok()) return watermarks.status();
  const auto nodes = Get("/_nodes/stats/fs", "read the disks of the nodes");
  if (!nodes.ok()) return nodes.status();
  return ParseDisks(*nodes, *watermarks);
}

std::vector<ProbeFacts> OpenSearchInspector::Probe(const StateQuery& query) {
  std::vector<std::string> expressions = {LeasePattern(query.release)};
  for (const std::string& family : query.families) expressions.push_back(family + "_v*");
  expressions.insert(expressions.end(), query.aliases.begin(), query.aliases.end());
  const std::string families = FamilyPatterns(query);
  const std::vector<std::pair<std::string, std::string>> requests = {
      {"read indexes, aliases and mappings", IndexesTarget(expressions)},
      {"read the sizes of indexes", absl::StrCat("/_cat/indices/", families, "?format=json")},
      {"count documents", absl::StrCat("/", families, "/_count?", kLenient)},
      {"read the health of the cluster", "/_cluster/health"},
  };
  std::vector<ProbeFacts> probes;
  for (const auto& [what, target] : requests) {
    probes.push_back({what, Get(target, what).status()});
  }
  return probes;
}

std::vector<std::string> OpenSearchInspector::Untried() const {
  return {"create and delete indexes", "change settings and mappings", "change aliases",
          "write documents in bulk"};
}

}  // namespace indexswap
