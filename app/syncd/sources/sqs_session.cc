#include "syncd/sources/sqs_session.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace syncd {
namespace {

constexpr std::chrono::milliseconds kFirstPause{100};
// How long the thread waits at most before it looks at everything again.
constexpr std::chrono::milliseconds kTick{100};
// How long Finish waits for messages that are just being handed out, so as to give them back.
constexpr std::chrono::milliseconds kReceiveGrace{300};
constexpr size_t kDeletesAtOnce = 4;
constexpr size_t kExtensionsAtOnce = 2;
constexpr size_t kGivenBackAtOnce = 4;

std::chrono::seconds AtLeastASecond(std::chrono::seconds duration) {
  return std::max(duration, std::chrono::seconds(1));
}

}  // namespace

SqsSession::SqsSession(const SqsOptions& options, const std::string& queue_url, SqsClient& client,
                       DeliveryQueue& deliveries, SqsCounters& counters)
    : options_(options),
      queue_url_(queue_url),
      client_(client),
      deliveries_(deliveries),
      counters_(counters),
      ledger_(AtLeastASecond(options.visibility_timeout)) {}

absl::Status SqsSession::Missing() const {
  return absl::FailedPreconditionError(absl::StrFormat(
      "there is no SQS queue %s: create it, or correct the queue in the configuration",
      queue_url_));
}

absl::Status SqsSession::Judge(const absl::StatusOr<SqsAnswer>& answer, const char* verb) const {
  if (!answer.ok()) return answer.status();
  return StatusOfAnswer(*answer, absl::StrFormat("%s %s", verb, queue_url_));
}

absl::Status SqsSession::Check(const std::atomic<bool>& stop) {
  std::optional<absl::Status> checked;
  client_.Start("GetQueueAttributes", AttributesBody(queue_url_), options_.answer_timeout,
                [&](const absl::StatusOr<SqsAnswer>& answer) {
                  checked = Judge(answer, "look at");
                  if (!checked->ok()) return;
                  const absl::StatusOr<SqsQueueFacts> facts = ParseAttributes(answer->body);
                  checked = facts.status();
                  if (facts.ok()) fifo_ = facts->fifo;
                });
  while (!checked && !stop) client_.Run(kTick);
  if (!checked) return absl::CancelledError(queue_url_ + " was closed");
  if (checked->code() == absl::StatusCode::kNotFound) return Missing();
  return *checked;
}

absl::Status SqsSession::Serve(const std::atomic<bool>& stop) {
  while (!stop && final_.ok()) {
    Step();
    client_.Run(kTick);
  }
  return final_;
}

// Does whatever can be done now.
void SqsSession::Step() {
  if (std::optional<uint64_t> delivery = deliveries_.TakeAck()) ledger_.Acknowledge(*delivery);
  if (deliveries_.TakeQuestion()) AnswerQuestion();
  StartDeletes();
  StartReceives();
  StartGivingBack();
  if (Clock::now() >= next_scan_) {
    next_scan_ = Clock::now() + kTick;
    Extend();
    WithdrawUnordered();
  }
}

bool SqsSession::MayStart(Kind kind) const {
  const Lane& lane = lanes_[kind];
  // After a failure one call at a time finds out whether it is over.
  return !lane.broken || (lane.running == 0 && Clock::now() >= lane.retry_at);
}

// Notes what came of a call, and reports a failure to the reader.
bool SqsSession::Succeeded(Kind kind, const absl::Status& status) {
  Lane& lane = lanes_[kind];
  --lane.running;
  if (finishing_) return status.ok();
  if (!status.ok()) {
    Fail(lane, status);
    return false;
  }
  missing_since_.reset();
  lane.broken = false;
  lane.pause = kFirstPause;
  if (std::none_of(std::begin(lanes_), std::end(lanes_), [](const Lane& l) { return l.broken; })) {
    deliveries_.Recovered();
  }
  return true;
}

void SqsSession::Fail(Lane& lane, const absl::Status& status) {
  const Clock::time_point now = Clock::now();
  if (!lane.broken) lane.pause = kFirstPause;
  if (!lane.broken || now >= lane.retry_at) {  // calls that failed together count once
    const auto jitter = std::uniform_int_distribution<int64_t>(0, lane.pause.count() / 4)(random_);
    lane.retry_at = now + lane.pause + std::chrono::milliseconds(jitter);
    lane.pause = std::min(2 * lane.pause, std::max(options_.reconnect_max, kFirstPause));
  }
  lane.broken = true;
  if (status.code() == absl::StatusCode::kInvalidArgument && &lane == &lanes_[kReceive]) {
    final_ = status;
    return;
  }
  if (status.code() == absl::StatusCode::kNotFound) {
    if (!missing_since_) missing_since_ = now;
    if (options_.missing_timeout && now - *missing_since_ > *options_.missing_timeout) {
      final_ = Missing();
      return;
    }
  }
  deliveries_.Report(
      absl::UnavailableError(absl::StrFormat("%s (trying again)", std::string(status.message()))));
}

// --- messages ---

void SqsSession::StartReceives() {
  Lane& lane = lanes_[kReceive];
  while (lane.running < connections_ && MayStart(kReceive)) {
    // Every call that runs may bring ten messages, as large as they were lately.
    const size_t claimed = ledger_.size() + (lane.running + 1) * kSqsBatch;
    const bool empty = ledger_.size() == 0 && lane.running == 0;
    if (!empty && claimed > options_.prefetch_messages) return;
    const size_t room = deliveries_.Room();
    const bool alone = lane.running == 0 && room >= options_.prefetch_bytes;
    if (room == 0 || (!alone && room < (lane.running + 1) * answer_bytes_)) return;
    StartReceive();
  }
}

void SqsSession::StartReceive() {
  Lane& lane = lanes_[kReceive];
  ++lane.running;
  // A failure is over as soon as the server answers: don't wait for a message to tell.
  const auto wait = lane.broken ? std::chrono::seconds(0) : options_.wait;
  client_.Start(
      "ReceiveMessage",
      ReceiveBody(queue_url_, kSqsBatch, wait, AtLeastASecond(options_.visibility_timeout)),
      wait + options_.answer_timeout,
      [this](absl::StatusOr<SqsAnswer> answer) { OnReceived(std::move(answer)); });
}

void SqsSession::OnReceived(absl::StatusOr<SqsAnswer> answer) {
  absl::Status status = Judge(answer, "receive from");
  absl::StatusOr<std::vector<SqsReceived>> received;  // an error until there is something
  if (status.ok()) {
    received = ParseReceived(answer->body);
    status = received.status();
  }
  if (!Succeeded(kReceive, status)) return;
  counters_.received += received->size();
  if (finishing_) {
    for (SqsReceived& one : *received) ledger_.GiveBack(std::move(one.receipt));
    return;
  }
  // One call waits at an idle queue: if it is cut off, the server may still give it messages.
  if (received->empty()) {
    connections_ = 1;
    return;
  }
  if (!fifo_ && connections_ < options_.connections) ++connections_;
  Deliver(*std::move(received));
}

void SqsSession::Deliver(std::vector<SqsReceived> received) {
  const Clock::time_point now = Clock::now();
  std::vector<Message> messages;
  std::set<std::string> broken_groups;
  size_t bytes = 0;
  for (SqsReceived& one : received) {
    if (!one.intact) {
      // It comes again when its time is over; those behind it in its group after it.
      ++counters_.corrupt;
      if (!one.group.empty()) broken_groups.insert(one.group);
      continue;
    }
    if (broken_groups.contains(one.group)) {
      ledger_.GiveBack(std::move(one.receipt));
      continue;
    }
    bytes += one.message.body.size();
    one.message.position.delivery = ++last_delivery_;
    ledger_.Add(last_delivery_, std::move(one.receipt), std::move(one.group), now);
    messages.push_back(std::move(one.message));
  }
  answer_bytes_ = std::max(bytes, answer_bytes_ - answer_bytes_ / 8);
  deliveries_.Push(messages);
}

// --- acknowledgements ---

void SqsSession::StartDeletes() {
  Lane& lane = lanes_[kDelete];
  while (ledger_.has_deletes() && lane.running < kDeletesAtOnce &&
         (finishing_ || MayStart(kDelete))) {
    ++lane.running;
    const std::vector<SqsReceipt> batch = ledger_.TakeDeletes();
    client_.Start(
        "DeleteMessageBatch", DeleteBody(queue_url_, batch), options_.answer_timeout,
        [this, batch](absl::StatusOr<SqsAnswer> answer) { OnDeleted(batch, std::move(answer)); });
  }
}

void SqsSession::OnDeleted(const std::vector<SqsReceipt>& batch, absl::StatusOr<SqsAnswer> answer) {
  absl::Status status = Judge(answer, "delete from");
  std::map<uint64_t, SqsFailure> failures;
  if (status.ok()) {
    absl::StatusOr<std::vector<SqsFailure>> failed = ParseBatch(answer->body);
    status = failed.status();
    if (failed.ok()) {
      for (SqsFailure& failure : *failed) {
        if (!failure.final && status.ok()) {
          status = absl::UnavailableError(
              absl::StrFormat("delete from %s: %s for single messages", queue_url_, failure.code));
        }
        failures.emplace(failure.delivery, std::move(failure));
      }
    }
  }
  const bool whole = failures.empty() && !status.ok();
  Succeeded(kDelete, status);
  for (const SqsReceipt& receipt : batch) {
    const auto failure = failures.find(receipt.delivery);
    const bool failed = whole || failure != failures.end();
    const bool final = failure != failures.end() && failure->second.final;
    // A handle that is no longer valid is nothing to worry about: the message comes again.
    if (final) ++counters_.stale;
    if (!failed) ++counters_.deleted;
    ledger_.DeleteDone(receipt, failed && !final && !finishing_);
  }
}

// --- visibility ---

void SqsSession::Extend() {
  const Clock::time_point now = Clock::now();
  ledger_.Expire(now);
  Lane& lane = lanes_[kExtend];
  while (lane.running < kExtensionsAtOnce && MayStart(kExtend)) {
    const std::vector<SqsReceipt> batch = ledger_.TakeExtensions(now);
    if (batch.empty()) return;
    ++lane.running;
    client_.Start("ChangeMessageVisibilityBatch",
                  VisibilityBody(queue_url_, batch, AtLeastASecond(options_.visibility_timeout)),
                  options_.answer_timeout, [this, batch, now](absl::StatusOr<SqsAnswer> answer) {
                    OnExtended(batch, now, std::move(answer));
                  });
  }
}

void SqsSession::OnExtended(const std::vector<SqsReceipt>& batch, Clock::time_point sent_at,
                            absl::StatusOr<SqsAnswer> answer) {
  absl::Status status = Judge(answer, "extend messages of");
  std::map<uint64_t, bool> failures;  // whether it is final
  if (status.ok()) {
    const absl::StatusOr<std::vector<SqsFailure>> failed = ParseBatch(answer->body);
    status = failed.status();
    if (failed.ok()) {
      for (const SqsFailure& failure : *failed) failures[failure.delivery] = failure.final;
    }
  }
  const bool succeeded = Succeeded(kExtend, status);
  for (const SqsReceipt& receipt : batch) {
    const auto failure = failures.find(receipt.delivery);
    if (!succeeded || (failure != failures.end() && !failure->second)) {
      ledger_.NotExtended(receipt.delivery);
    } else if (failure != failures.end()) {
      ledger_.Lost(receipt.delivery);
    } else {
      ledger_.Extended(receipt.delivery, sent_at);
      ++counters_.extended;
    }
  }
}

// Takes back from the reader's queue what must not overtake a lost message of its group.
void SqsSession::WithdrawUnordered() {
  const std::set<uint64_t> unordered = ledger_.TakeUnordered();
  if (unordered.empty()) return;
  for (const uint64_t delivery : deliveries_.Withdraw(unordered)) ledger_.Withdraw(delivery);
}

void SqsSession::StartGivingBack() {
  while (ledger_.has_given_back() && giving_back_ < kGivenBackAtOnce) {
    const std::vector<SqsReceipt> batch = ledger_.TakeGivenBack();
    ++giving_back_;
    client_.Start("ChangeMessageVisibilityBatch",
                  VisibilityBody(queue_url_, batch, std::chrono::seconds(0)),
                  options_.answer_timeout,
                  [this, count = batch.size()](const absl::StatusOr<SqsAnswer>& answer) {
                    --giving_back_;  // if it failed they come again a little later
                    if (Judge(answer, "give back to").ok()) counters_.given_back += count;
                  });
  }
}

// --- the reader's question ---

void SqsSession::AnswerQuestion() {
  client_.Start("GetQueueAttributes", AttributesBody(queue_url_), options_.answer_timeout,
                [this](const absl::StatusOr<SqsAnswer>& answer) {
                  if (absl::Status status = Judge(answer, "look at"); !status.ok()) {
                    return deliveries_.Answer(absl::UnavailableError(status.message()));
                  }
                  const absl::StatusOr<SqsQueueFacts> facts = ParseAttributes(answer->body);
                  if (!facts.ok()) return deliveries_.Answer(facts.status());
                  deliveries_.Answer(facts->waiting);
                });
}

void SqsSession::Finish() {
  finishing_ = true;
  const Clock::time_point begin = Clock::now();
  if (std::optional<uint64_t> delivery = deliveries_.TakeAck()) ledger_.Acknowledge(*delivery);
  ledger_.WithdrawAll();
  while (Clock::now() - begin < options_.close_timeout) {
    StartDeletes();
    StartGivingBack();
    const bool receiving = lanes_[kReceive].running > 0 && Clock::now() - begin < kReceiveGrace;
    if (!receiving && lanes_[kDelete].running == 0 && giving_back_ == 0) return;
    client_.Run(std::min(kTick, kReceiveGrace));
  }
}

}  // namespace syncd
