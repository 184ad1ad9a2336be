// The configuration, the plan, and what the daemon answers on.
#include <absl/strings/str_format.h>

#include "syncd/doctor/checks.h"
#include "syncd/http/address.h"

namespace syncd {

void CheckConfig(const Facts& facts, Findings& findings) {
  if (!facts.config_read.ok()) {
    findings.Stop("config.file", std::string(facts.config_read.message()),
                  "correct the configuration; docs/configuration.md lists every key");
    return;
  }
  findings.Ok("config.file", facts.config_file);
  if (!facts.plan_read.ok()) {
    findings.Stop(
        "config.plan", std::string(facts.plan_read.message()),
        "correct `plan` in the configuration, or the plan; docs/plan.md explains its keys");
    return;
  }
  findings.Ok("config.plan",
              absl::StrFormat("%s: release %s, %d families, %d aliases, %d channels",
                              facts.plan.name, facts.plan.release, facts.plan.families.size(),
                              facts.plan.aliases.size(), facts.plan.channels.size()));
}

void CheckHttp(const Facts& facts, Findings& findings) {
  const HttpConfig& http = facts.config.http;
  if (!facts.token_read.ok()) {
    findings.Error("http.token", std::string(facts.token_read.message()),
                   "put a token of printable characters into the file, readable for the user that "
                   "syncd runs as; until then `serve` does not start");
  } else if (!http.token_file.empty()) {
    findings.Ok("http.token", http.token_file);
  }
  const auto address = ParseHostPort(http.listen);
  if (!address.ok()) {
    findings.Error("http.listen", std::string(address.status().message()),
                   "set [http] listen to HOST:PORT, such as \"127.0.0.1:8088\"");
  } else if (http.token_file.empty() && !IsLoopbackHostHeader(address->ToString())) {
    findings.Error("http.listen",
                   absl::StrFormat("[http] listen = \"%s\" is not loopback, and there is no token: "
                                   "anybody in the network could start syncs, so `serve` does not "
                                   "start",
                                   http.listen),
                   "set [http] token_file, or listen on 127.0.0.1");
  } else {
    findings.Ok("http.listen", http.listen);
  }
}

}  // namespace syncd
