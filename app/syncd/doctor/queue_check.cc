// RabbitMQ: the broker, exchanges, and the queue of each channel.
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include "syncd/doctor/checks.h"

namespace syncd {
namespace {

std::string Message(const absl::Status& status) { return std::string(status.message()); }

bool IsSnapshot(const QueueFacts& facts) {
  return facts.channel->kind == PlanChannel::Kind::kSnapshot;
}

std::string NameOf(const QueueFacts& facts) {
  return absl::StrFormat("queue %s (channel %s)", facts.queue.substr(facts.queue.find(':') + 1),
                         facts.channel->name);
}

// A fault of a queue stops a sync if the sync reads it.
void Fault(const QueueFacts& queue, const char* check, std::string what, std::string remedy,
           Findings& findings) {
  if (IsSnapshot(queue)) {
    findings.Stop(check, std::move(what), std::move(remedy));
  } else {
    findings.Error(check, std::move(what), std::move(remedy));
  }
}

// Whether one consumer is our own: of live events while a daemon works, of a snapshot during a run.
bool MayBeOurs(const Facts& facts, const QueueFacts& queue) {
  if (!facts.WriterAlive()) return false;
  return !IsSnapshot(queue) || facts.store.status.building.has_value();
}

void CheckConsumers(const Facts& facts, const QueueFacts& queue, const BrokerQueue& seen,
                    Findings& findings) {
  if (seen.consumers == 0) {
    const bool asleep = !IsSnapshot(queue) && facts.WriterAlive();
    if (!asleep) return;
    findings.Warning("queue.consumers",
                     absl::StrFormat("%s: a daemon runs, and does not consume it", NameOf(queue)),
                     "look at the daemon's log; live events wait there meanwhile");
    return;
  }
  if (seen.consumers == 1 && MayBeOurs(facts, queue)) {
    findings.Info(
        "queue.consumers",
        absl::StrFormat("%s: one consumer, which should be the running syncd", NameOf(queue)));
    return;
  }
  Fault(queue, "queue.consumers",
        absl::StrFormat("%s has %d consumer(s) other than syncd: what they take is missing in the "
                        "index, and syncd refuses to read beside them",
                        NameOf(queue), seen.consumers),
        "stop the old integration service that reads it (after a crash of its host the broker "
        "counts a consumer until its heartbeats have been missed)",
        findings);
}

void CheckQueue(const Facts& facts, const QueueFacts& queue, Findings& findings) {
  const absl::StatusOr<BrokerQueue>& seen = *queue.broker;
  if (seen.status().code() == absl::StatusCode::kNotFound) {
    if (facts.config.amqp.declare) {
      findings.Info("queue.exists",
                    NameOf(queue) + " is not there; syncd declares it when it reads");
      return;
    }
    Fault(
        queue, "queue.exists", NameOf(queue) + " is not there",
        "declare it and bind it to the routing key that its sender uses, correct [queues], or set "
        "[amqp] declare = true",
        findings);
    return;
  }
  if (!seen.ok()) {
    Fault(queue, "queue.exists", absl::StrFormat("%s: %s", NameOf(queue), Message(seen.status())),
          "give the user of [amqp] url the right to read it", findings);
    return;
  }
  findings.Ok("queue.exists", absl::StrFormat("%s: %d messages, %d consumers", NameOf(queue),
                                              seen->messages, seen->consumers));
  CheckConsumers(facts, queue, *seen, findings);
  if (IsSnapshot(queue) && seen->messages > 0 && !facts.WriterAlive()) {
    findings.Info("queue.messages",
                  absl::StrFormat("%s holds %d messages of an earlier sync; the next one drains "
                                  "them before it asks for its snapshot",
                                  NameOf(queue), seen->messages));
  }
}

void CheckExchanges(const Facts& facts, Findings& findings) {
  for (const auto& [exchange, status] : facts.broker.exchanges) {
    if (status.ok()) {
      findings.Ok("broker.exchange", exchange);
    } else if (status.code() == absl::StatusCode::kNotFound) {
      findings.Stop(
          "broker.exchange",
          absl::StrFormat("exchange %s is not there: no start message can be sent", exchange),
          "declare it, or correct `exchange` in the plan");
    } else {
      findings.Stop("broker.exchange", Message(status),
                    "give the user of [amqp] url the right to look at it and to publish to it");
    }
  }
}

void CheckBindings(const Facts& facts, Findings& findings) {
  std::vector<std::string> keys;
  for (const PlanChannel& channel : facts.plan.channels) {
    if (channel.has_start) keys.push_back(channel.start.routing_key);
  }
  if (keys.empty()) return;
  findings.Info(
      "queue.bindings",
      "not checked, since AMQP shows no bindings: the routing keys of the start messages "
      "(" +
          absl::StrJoin(keys, ", ") +
          ") to the senders' queues, and the queues above to the keys of the senders",
      "look at the exchange in RabbitMQ's management; a start that reaches no queue fails "
      "the sync with the key's name");
}

}  // namespace

void CheckBroker(const Facts& facts, Findings& findings) {
  const BrokerFacts& broker = facts.broker;
  if (!broker.configured.ok()) {
    findings.Stop("broker.configured", Message(broker.configured),
                  "set it in the configuration; `sync --from DIR` needs no queue");
  }
  std::vector<std::string> without;
  for (const QueueFacts& queue : broker.queues) {
    if (queue.queue.empty() && !IsSnapshot(queue)) without.push_back(queue.channel->name);
  }
  if (!without.empty()) {
    findings.Info("queue.configured",
                  "no queue, and so no live events: " + absl::StrJoin(without, ", "),
                  "set [queues] of the channels that have one");
  }
  if (!broker.needed || facts.config.amqp.url.empty()) return;
  if (!broker.connected.ok()) {
    const bool denied = broker.connected.code() == absl::StatusCode::kPermissionDenied;
    findings.Stop("broker.reachable", Message(broker.connected),
                  denied ? "check user, password and virtual host in [amqp] url"
                         : "check [amqp] url, that the broker runs, and the network between");
    return;
  }
  findings.Ok("broker.reachable", "RabbitMQ has let us in");
  CheckExchanges(facts, findings);
  for (const QueueFacts& queue : broker.queues) {
    if (queue.broker) CheckQueue(facts, queue, findings);
  }
  CheckBindings(facts, findings);
}

}  // namespace syncd
