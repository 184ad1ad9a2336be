// The store: whether it is reached, what it can do, and who writes to it.
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "syncd/doctor/checks.h"

namespace syncd {
namespace {

std::string Message(const absl::Status& status) { return std::string(status.message()); }

void NotOpened(const Facts& facts, Findings& findings) {
  const absl::Status& opened = facts.store.opened;
  // Unauthenticated: AWS credentials that were not found.
  if (indexswap::IsAccessDenied(opened) || opened.code() == absl::StatusCode::kUnauthenticated) {
    findings.Stop("store.reachable", "the store refuses the user: " + Message(opened),
                  "check [store] auth, user and password (SYNCD_STORE_PASSWORD), or the AWS "
                  "credentials, and what that user may do");
  } else if (opened.code() == absl::StatusCode::kFailedPrecondition) {
    findings.Stop("store.version", Message(opened),
                  "name an OpenSearch 1.0 or Elasticsearch 7.10, or later, in [store] url");
  } else if (opened.code() == absl::StatusCode::kUnimplemented) {
    findings.Stop("store.version", Message(opened), "start the newer syncd again");
  } else if (opened.code() == absl::StatusCode::kInvalidArgument) {
    findings.Stop("store.reachable", Message(opened), "correct [store] in the configuration");
  } else {
    findings.Stop("store.reachable", "the store is not reached: " + Message(opened),
                  "check [store] url, that the server runs, and the network between");
  }
}

// A block on an index's metadata, too, refuses to show anything of it.
std::string RemedyFor(const absl::Status& status, const std::string& what) {
  if (indexswap::IsAccessDenied(status)) return "give the user of [store] the right to " + what;
  if (status.code() == absl::StatusCode::kResourceExhausted) {
    return "set the block that is named there to null, or try again when the store is less busy";
  }
  return "see to the store's health";
}

void CheckPermissions(const StoreFacts& store, Findings& findings) {
  bool all = true;
  for (const auto& probe : store.probes) {
    if (probe.status.ok()) continue;
    all = false;
    findings.Stop("store.permissions",
                  absl::StrFormat("failed to %s: %s", probe.what, Message(probe.status)),
                  RemedyFor(probe.status, probe.what));
  }
  if (all && !store.probes.empty()) {
    findings.Ok("store.permissions", "every kind of reading request is answered");
  }
  if (!store.untried.empty()) {
    findings.Info("store.permissions",
                  "not tried, since nothing is changed here: the right to " +
                      absl::StrJoin(store.untried, "; ") +
                      ". A sync that lacks one fails before anything is swapped");
  }
}

void CheckHealth(const StoreFacts& store, Findings& findings) {
  if (!store.status.live) return;
  if (!store.health.ok()) {
    findings.Error("store.health", Message(store.health.status()), "see to the store's health");
  } else if (store.health->colour == indexswap::Health::Colour::kRed) {
    findings.Error("store.health", "the live indexes are red: " + store.health->detail,
                   "bring the missing shards back; until then readers miss documents");
  } else {
    findings.Ok("store.health", store.health->detail);
  }
}

}  // namespace

void CheckStore(const Facts& facts, Findings& findings) {
  const StoreFacts& store = facts.store;
  if (!store.opened.ok()) return NotOpened(facts, findings);
  if (store.absent) {
    findings.Info("store.reachable",
                  store.description + " is not there yet; the first sync makes it");
    return;
  }
  findings.Ok("store.reachable", store.description);
  for (const auto& capability : store.capabilities) {
    const std::string what = absl::StrFormat("%s%s: %s", capability.present ? "" : "no ",
                                             capability.name, capability.meaning);
    capability.present ? findings.Ok("store.version", what) : findings.Info("store.version", what);
  }
  CheckPermissions(store, findings);
  if (store.read.ok()) return CheckHealth(store, findings);
  const bool said = std::any_of(store.probes.begin(), store.probes.end(),
                                [](const auto& probe) { return !probe.status.ok(); });
  if (said) return;
  findings.Stop("store.readable", Message(store.read), RemedyFor(store.read, "read the release"));
}

void CheckLease(const Facts& facts, Findings& findings) {
  const auto& leases = facts.store.state.leases;
  if (leases.empty()) {
    findings.Ok("lease.holder", "nobody has written to this release yet");
    return;
  }
  const indexswap::Lease& lease = leases.back();
  if (!lease.record) {
    findings.Info("lease.holder", absl::StrFormat("epoch %d has no record yet", lease.epoch));
    return;
  }
  const indexswap::LeaseOwner& owner = lease.record->owner;
  const std::string holder =
      absl::StrFormat("epoch %d, pid %d on host %s%s%s", lease.epoch, owner.pid, owner.host,
                      owner.address.empty() ? "" : " at ", owner.address);
  if (lease.record->free) {
    findings.Ok("lease.holder", "free; last held by " + holder);
    return;
  }
  if (!facts.store.lease_beats) {
    findings.Info("lease.holder",
                  absl::StrFormat("held by %s, which has not beaten for %d ms", holder,
                                  facts.config.lease.timeout.count()),
                  "nothing: the next command that writes takes it over");
    return;
  }
  const bool own = facts.FolderHeld() && (*facts.folder.holder)->pid == owner.pid &&
                   (*facts.folder.holder)->host == owner.host;
  if (own) {
    findings.Ok("lease.holder", absl::StrFormat("held by %s, which holds this state folder and "
                                                "beats",
                                                holder));
    return;
  }
  findings.Stop(
      "lease.holder",
      absl::StrFormat("held by %s, which beats, and works with another state folder", holder),
      "start the sync there, or stop that process first");
}

}  // namespace syncd
