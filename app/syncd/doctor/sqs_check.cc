// Queues of SQS.
#include <absl/strings/str_format.h>

#include <algorithm>

#include "syncd/doctor/checks.h"

namespace syncd {
namespace {

constexpr char kFifoSuffix[] = ".fifo";

bool IsSnapshot(const QueueFacts& facts) {
  return facts.channel->kind == PlanChannel::Kind::kSnapshot;
}

std::string UrlOf(const QueueFacts& facts) { return facts.queue.substr(facts.queue.find(':') + 1); }

std::string NameOf(const QueueFacts& facts) {
  return absl::StrFormat("SQS queue %s (channel %s)", UrlOf(facts), facts.channel->name);
}

void NotFound(const QueueFacts& queue, const absl::Status& status, Findings& findings) {
  std::string what = absl::StrFormat("%s: %s", NameOf(queue), std::string(status.message()));
  std::string remedy;
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      remedy = absl::StrFormat("create it, or correct [queues] %s", queue.channel->name);
      break;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      remedy =
          "check the AWS credentials, and that they may do sqs:GetQueueAttributes, "
          "ReceiveMessage, DeleteMessage and ChangeMessageVisibility";
      break;
    default:
      remedy = "check the queue's URL, [sqs] endpoint and region, and the network";
  }
  if (IsSnapshot(queue)) {
    findings.Stop("sqs.queue", std::move(what), std::move(remedy));
  } else {
    findings.Error("sqs.queue", std::move(what), std::move(remedy));
  }
}

void CheckTimes(const Facts& facts, const QueueFacts& queue, const SqsQueue& seen,
                Findings& findings) {
  if (!IsSnapshot(queue)) return;
  const auto waits = std::max(facts.config.sync.quiet, facts.config.sqs.visibility);
  if (seen.visibility <= waits) {
    findings.Ok("sqs.visibility",
                absl::StrFormat("%s: %d s, within the quiet time of %d s", NameOf(queue),
                                seen.visibility.count(), waits.count() / 1000));
    return;
  }
  findings.Warning("sqs.visibility",
                   absl::StrFormat("%s hides a message that somebody else has taken for %d s, and "
                                   "a sync waits for stragglers for %d s only",
                                   NameOf(queue), seen.visibility.count(), waits.count() / 1000),
                   absl::StrFormat("stop other readers of the queue %d s before a sync, or raise "
                                   "[sqs] visibility",
                                   seen.visibility.count()));
}

void CheckFound(const Facts& facts, const QueueFacts& queue, const SqsQueue& seen,
                Findings& findings) {
  findings.Ok("sqs.queue",
              absl::StrFormat("%s: %s, %d waiting, %d handed out", NameOf(queue),
                              seen.fifo ? "FIFO" : "standard", seen.waiting, seen.hidden));
  const bool fifo = queue.queue.ends_with(kFifoSuffix);
  if (fifo != seen.fifo) {
    findings.Error("sqs.kind",
                   absl::StrFormat("%s %s a FIFO queue, and its URL %s .fifo", NameOf(queue),
                                   seen.fifo ? "is" : "is not", fifo ? "ends in" : "lacks"),
                   absl::StrFormat("correct [queues] %s", queue.channel->name));
  }
  CheckTimes(facts, queue, seen, findings);
  if (seen.hidden > 0 && !facts.WriterAlive()) {
    findings.Warning("sqs.consumers",
                     absl::StrFormat("%s: %d messages are with somebody else, or with a syncd that "
                                     "died less than its visibility time ago",
                                     NameOf(queue), seen.hidden),
                     "stop the old integration service that reads it");
  }
  if (!seen.dead_letters.empty()) {
    findings.Warning(
        "sqs.redrive",
        absl::StrFormat("%s: a message that comes %d times without being taken goes to "
                        "%s, not to syncd's dead letters",
                        NameOf(queue), seen.receives_max, seen.dead_letters),
        "watch that queue: what is in it is missing in the index");
  }
}

}  // namespace

void CheckSqs(const Facts& facts, Findings& findings) {
  for (const QueueFacts& queue : facts.broker.queues) {
    if (!queue.sqs) continue;
    if (queue.sqs->ok()) {
      CheckFound(facts, queue, **queue.sqs, findings);
    } else {
      NotFound(queue, queue.sqs->status(), findings);
    }
  }
}

}  // namespace syncd
