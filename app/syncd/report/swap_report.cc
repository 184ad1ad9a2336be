// Reports on aliases that move, or would.
#include <boost/json.hpp>
#include <utility>

#include "syncd/report/parts.h"
#include "syncd/report/report.h"

namespace syncd {
namespace {

namespace json = boost::json;

const char* KindName(indexswap::AliasAction::Kind kind) {
  if (kind == indexswap::AliasAction::Kind::kRemove) return "remove";
  return kind == indexswap::AliasAction::Kind::kRemoveIndex ? "remove_index" : "add";
}

json::array Actions(const std::vector<indexswap::AliasAction>& actions) {
  json::array array;
  for (const indexswap::AliasAction& action : actions) {
    array.push_back(json::object{{"kind", KindName(action.kind)},
                                 {"alias", TextOrNull(action.alias)},
                                 {"index", action.index},
                                 {"filter", TextOrNull(action.filter)}});
  }
  return array;
}

json::array Texts(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

// A JSON body as the object that it is, SQL as a text; null for none.
json::value Body(const std::string& body) {
  json::error_code error;
  json::value value = json::parse(body, error);
  return error ? TextOrNull(body) : value;
}

// What a plan, of a swap or of the way back, has beside where it leads.
void AddPlanned(const indexswap::SwapReport& report, json::object& object) {
  json::array requests;
  for (const indexswap::ExplainedRequest& request : report.requests) {
    requests.push_back(json::object{{"method", TextOrNull(request.method)},
                                    {"path", TextOrNull(request.path)},
                                    {"body", Body(request.body)}});
  }
  object["actions"] = Actions(report.actions);
  object["pending"] = Texts(report.pending);
  object["gates"] = Gates(report.gates);
  object["request"] = Body(report.request);
  object["requests"] = std::move(requests);
  object["state"] = report.state;
}

}  // namespace

std::string PlanJson(const indexswap::SwapReport& report, const std::vector<std::string>& indexes) {
  json::object object{{"from", report.from == 0 ? json::value(nullptr) : json::value(report.from)},
                      {"to", report.to},
                      {"indexes", Texts(indexes)}};
  AddPlanned(report, object);
  return json::serialize(object);
}

std::string RollbackJson(const indexswap::SwapReport& report, const RollbackLoss& loss) {
  return json::serialize(
      json::object{{"dry_run", false},
                   {"from", report.from},
                   {"to", report.to},
                   {"live", report.to},
                   {"lag_events", loss.lag},
                   {"lost_events", OrNull(loss.lost)},
                   {"actions", Actions(report.actions)},
                   {"pending", Texts(report.pending)},
                   {"swap_ms", static_cast<double>(report.swap.count()) / 1000}});
}

std::string RollbackPreviewJson(const RollbackPreview& preview) {
  json::object object{{"dry_run", true},
                      {"from", preview.report.from},
                      {"to", preview.report.to},
                      {"live", preview.report.from},
                      {"lag_events", preview.loss.lag},
                      {"lost_events", OrNull(preview.loss.lost)},
                      {"needs_accept_loss", preview.loss.NeedsConsent()},
                      {"loss", preview.loss.Describe()}};
  AddPlanned(preview.report, object);
  return json::serialize(object);
}

std::string TakenNamesJson(const indexswap::SwapReport& report) {
  json::array taken;
  for (const indexswap::AliasAction& action : report.actions) {
    if (action.kind == indexswap::AliasAction::Kind::kAdd) taken.emplace_back(action.alias);
  }
  return json::serialize(
      json::object{{"generation", report.to},
                   {"taken", std::move(taken)},
                   {"actions", Actions(report.actions)},
                   {"gates", Gates(report.gates)},
                   {"pending", Texts(report.pending)},
                   {"swap_ms", static_cast<double>(report.swap.count()) / 1000}});
}

}  // namespace syncd
