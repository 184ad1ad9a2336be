#include "syncd/sources/amqp_session.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

namespace syncd {
namespace {

constexpr amqp_channel_t kChannel = AmqpConnection::kChannel;

// After so many messages Read returns, so that acknowledgements go out and the reader can begin.
constexpr size_t kMessagesARead = 256;

// A body's announced size is believed, for reserving memory, up to this.
constexpr uint64_t kReserveBytesMax = uint64_t{64} << 20;

}  // namespace

AmqpSession::AmqpSession(const AmqpOptions& options, std::string queue, PrefetchPolicy& prefetch,
                         std::unique_ptr<AmqpConnection> connection)
    : options_(options),
      queue_(std::move(queue)),
      connection_(std::move(connection)),
      prefetch_(prefetch) {}

absl::StatusOr<std::unique_ptr<AmqpSession>> AmqpSession::Start(const AmqpOptions& options,
                                                                const std::string& queue,
                                                                PrefetchPolicy& prefetch) {
  auto connection = AmqpConnection::Open(options, "syncd reading " + queue);
  if (!connection.ok()) return connection.status();
  std::unique_ptr<AmqpSession> session(
      new AmqpSession(options, queue, prefetch, *std::move(connection)));
  if (absl::Status status = session->FindQueue(); !status.ok()) return status;
  if (absl::Status status = session->Consume(); !status.ok()) return status;
  return session;
}

absl::Status AmqpSession::Missing() const {
  return absl::FailedPreconditionError(
      absl::StrFormat("%s: there is no queue %s: declare and bind it, or set [amqp] declare = true",
                      connection_->address(), queue_));
}

absl::Status AmqpSession::Occupied(uint32_t consumers) const {
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s: queue %s has %d other consumer(s): stop the old service that reads it (after a crash of "
      "its host the broker counts a consumer until its heartbeats have been missed)",
      connection_->address(), queue_, consumers));
}

// The number of the queue's consumers; kNotFound, and the channel is closed, without the queue.
absl::StatusOr<uint32_t> AmqpSession::CountConsumers() {
  const amqp_queue_declare_ok_t* found = amqp_queue_declare(
      connection_->state(), kChannel, Bytes(queue_), /*passive=*/1, 0, 0, 0, amqp_empty_table);
  absl::Status status = connection_->LastReply("looking at queue " + queue_);
  if (!status.ok()) return status;
  return found->consumer_count;
}

absl::Status AmqpSession::FindQueue() {
  absl::StatusOr<uint32_t> consumers = CountConsumers();
  if (consumers.status().code() == absl::StatusCode::kNotFound) {
    if (!options_.declare) return Missing();
    if (absl::Status status = DeclareAmqp(options_, "", "", queue_); !status.ok()) return status;
    if (absl::Status status = connection_->OpenChannel(); !status.ok()) return status;
    consumers = CountConsumers();
  }
  if (!consumers.ok()) return consumers.status();
  // Not every type of queue enforces exclusive consumers itself.
  if (options_.exclusive && *consumers > 0) return Occupied(*consumers);
  return absl::OkStatus();
}

absl::Status AmqpSession::Consume() {
  amqp_basic_qos(connection_->state(), kChannel, 0, prefetch_.current(), /*global=*/0);
  absl::Status status = connection_->LastReply("setting the prefetch");
  if (!status.ok()) return status;
  consumer_tag_ = absl::StrFormat("syncd-%d", ++consumers_started_);
  amqp_basic_consume(connection_->state(), kChannel, Bytes(queue_), Bytes(consumer_tag_),
                     /*no_local=*/0, /*no_ack=*/0, options_.exclusive ? 1 : 0, amqp_empty_table);
  status = connection_->LastReply("consuming queue " + queue_);
  if (status.ok()) return status;
  if (status.code() == absl::StatusCode::kNotFound) return Missing();
  if (status.code() != absl::StatusCode::kPermissionDenied) return status;
  // 403 is a consumer that came first, or a user without the right to read: the count tells.
  if (!connection_->OpenChannel().ok()) return status;
  absl::StatusOr<uint32_t> consumers = CountConsumers();
  if (consumers.ok() && *consumers > 0) return Occupied(*consumers);
  return status;
}

absl::StatusOr<bool> AmqpSession::Read(size_t bytes, std::vector<Message>& messages) {
  size_t read_bytes = 0;
  for (size_t before = messages.size(); read_bytes < bytes && before < kMessagesARead;) {
    amqp_frame_t frame;
    absl::StatusOr<bool> read = connection_->ReadFrame(frame, std::chrono::microseconds(0));
    if (!read.ok()) return read.status();
    if (!*read) return false;
    if (absl::Status status = Handle(frame, messages); !status.ok()) return status;
    if (messages.size() == before) continue;
    read_bytes += messages.back().body.size();
    before = messages.size();
  }
  return true;
}

absl::Status AmqpSession::Handle(const amqp_frame_t& frame, std::vector<Message>& messages) {
  switch (frame.frame_type) {
    case AMQP_FRAME_METHOD:
      return HandleMethod(frame.payload.method);
    case AMQP_FRAME_HEADER:
      return StartBody(frame.payload.properties.body_size, messages);
    case AMQP_FRAME_BODY: {
      const amqp_bytes_t part = frame.payload.body_fragment;
      if (!delivery_ || part.len > delivery_->missing_bytes) {
        return connection_->Broken(AMQP_STATUS_BAD_AMQP_DATA, "reading a message");
      }
      delivery_->message.body.append(static_cast<const char*>(part.bytes), part.len);
      delivery_->missing_bytes -= part.len;
      return Complete(messages);
    }
    default:
      return absl::OkStatus();
  }
}

absl::Status AmqpSession::HandleMethod(const amqp_method_t& method) {
  switch (method.id) {
    case AMQP_BASIC_DELIVER_METHOD: {
      const auto* deliver = static_cast<const amqp_basic_deliver_t*>(method.decoded);
      delivery_.emplace();
      delivery_->message.position.delivery = deliver->delivery_tag;
      delivery_->message.redelivered = deliver->redelivered != 0;
      return absl::OkStatus();
    }
    case AMQP_QUEUE_DECLARE_OK_METHOD:
      return HandleCount(
          static_cast<const amqp_queue_declare_ok_t*>(method.decoded)->message_count);
    case AMQP_BASIC_CANCEL_METHOD:
      return absl::UnavailableError(absl::StrFormat(
          "%s: the broker ended the consumer of queue %s: the queue was deleted, or its node is "
          "down",
          connection_->address(), queue_));
    case AMQP_CHANNEL_CLOSE_METHOD:
    case AMQP_CONNECTION_CLOSE_METHOD: {
      const absl::Status status = connection_->Closed(method, "consuming queue " + queue_);
      return absl::UnavailableError(status.message());  // worth a new connection, whatever it was
    }
    default:
      return absl::OkStatus();  // answers to ChangePrefetch; connection.blocked
  }
}

absl::Status AmqpSession::StartBody(uint64_t bytes, std::vector<Message>& messages) {
  if (!delivery_) return connection_->Broken(AMQP_STATUS_BAD_AMQP_DATA, "reading a message");
  delivery_->missing_bytes = bytes;
  delivery_->message.body.reserve(std::min(bytes, kReserveBytesMax));
  return Complete(messages);
}

absl::Status AmqpSession::Complete(std::vector<Message>& messages) {
  if (delivery_->missing_bytes > 0) return absl::OkStatus();
  messages.push_back(std::move(delivery_->message));
  delivery_.reset();
  const auto changed = prefetch_.Observe(messages.back().body.size());
  return changed ? ChangePrefetch(*changed) : absl::OkStatus();
}

// RabbitMQ applies a new limit to new consumers only (a limit of the whole channel would hold at
// once, but quorum queues refuse it). So this ends the consumer and starts another, on the same
// channel, where unacknowledged messages stay ours and tags go on. The broker works the three
// methods off in order.
absl::Status AmqpSession::ChangePrefetch(uint16_t messages) {
  amqp_basic_cancel_t cancel = {};
  cancel.consumer_tag = Bytes(consumer_tag_);
  absl::Status status = connection_->Send(AMQP_BASIC_CANCEL_METHOD, &cancel);
  amqp_basic_qos_t qos = {};
  qos.prefetch_count = messages;
  if (status.ok()) status = connection_->Send(AMQP_BASIC_QOS_METHOD, &qos);
  consumer_tag_ = absl::StrFormat("syncd-%d", ++consumers_started_);
  amqp_basic_consume_t consume = {};
  consume.queue = Bytes(queue_);
  consume.consumer_tag = Bytes(consumer_tag_);
  consume.exclusive = options_.exclusive ? 1 : 0;
  if (status.ok()) status = connection_->Send(AMQP_BASIC_CONSUME_METHOD, &consume);
  return status;
}

absl::Status AmqpSession::Ack(uint64_t tag) {
  amqp_basic_ack_t ack = {};
  ack.delivery_tag = tag;
  ack.multiple = 1;
  return connection_->Send(AMQP_BASIC_ACK_METHOD, &ack);
}

// What the queue had given to the broker's channel when it was counted may come behind the count,
// but not behind the answer to a second question: only then is every message in one of the two.
absl::Status AmqpSession::HandleCount(uint64_t ready) {
  if (!counted_) {
    counted_ = ready;
    return SendCount();
  }
  count_ = std::exchange(counted_, std::nullopt);
  return absl::OkStatus();
}

absl::Status AmqpSession::AskCount() {
  if (counting_) return absl::OkStatus();  // the question before is still on its way
  counting_ = true;
  return SendCount();
}

std::optional<uint64_t> AmqpSession::TakeCount() {
  if (count_) counting_ = false;
  return std::exchange(count_, std::nullopt);
}

absl::Status AmqpSession::SendCount() {
  amqp_queue_declare_t declare = {};
  declare.queue = Bytes(queue_);
  declare.passive = 1;
  return connection_->Send(AMQP_QUEUE_DECLARE_METHOD, &declare);
}

}  // namespace syncd
