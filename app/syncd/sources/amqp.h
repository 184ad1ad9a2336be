// RabbitMQ (AMQP 0-9-1) as a source of messages, and as where start messages are published.
//
// Nothing is connected before Open or Publish. No URL, and so no password, is ever part of an
// error: brokers are named by host, port and virtual host.
#ifndef SYNCD_SOURCES_AMQP_H_
#define SYNCD_SOURCES_AMQP_H_

#include <absl/status/status.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "syncd/sources/queue_inspector.h"
#include "syncd/sources/source.h"

namespace syncd {

// One broker, and how to read from it and publish to it.
struct AmqpOptions {
  // `amqp://user:password@host:5672/vhost`, or `amqps://…` for TLS, which verifies certificate and
  // host name. The parts may be percent-encoded; no vhost, or an empty one, is `/`.
  std::string url;

  // The authorities that `amqps` trusts, a PEM file; empty: those of the system.
  std::string ca_file;

  // A peer that is silent for twice as long is dead; the broker may lower it.
  int heartbeat_s = 20;

  // The most messages, and the most bytes of bodies, that are fetched ahead of the reader. One
  // message is always admitted, so a body larger than `prefetch_bytes` passes. Raise them only if
  // the reader acknowledges in larger batches.
  uint16_t prefetch_messages = 1000;
  size_t prefetch_bytes = size_t{16} << 20;

  // The longest pause between two attempts to reconnect; the first is 100 ms.
  std::chrono::milliseconds reconnect_max{10'000};

  // How long an attempt to connect, or an answer of the broker, may take.
  std::chrono::milliseconds answer_timeout{10'000};

  // How long Publish waits for a confirmation while the broker blocks publishers (memory, disk).
  std::chrono::milliseconds blocked_timeout{30'000};

  // Whether the source must be the queue's only consumer. True for snapshot queues: a message that
  // another consumer takes is missing in the index.
  bool exclusive = true;

  // Whether a queue that does not exist is declared (durable); see also DeclareAmqp.
  bool declare = false;
};

// A source that reads `queue`. Its own thread owns the connection, answers heartbeats however slow
// the reader is, and reconnects. With large messages as few as two are delivered before the first
// acknowledgement, so a reader that gathers messages must commit and acknowledge what it has when
// Next(0) comes back empty, not only when its batch is full.
//
// Open: kFailedPrecondition when there is no such queue, or (exclusive) it has another consumer;
// kPermissionDenied when the broker refuses the user; kInvalidArgument for a wrong URL or CA file;
// kUnavailable when the broker is not reached. It may be called again after a failure.
// Next: kUnavailable once for a lost connection, and again whenever the reason why it cannot be
// restored changes.
// Waiting: what is fetched but not read is counted; while messages are just being fetched some may
// count twice, but none is missing. While the reader has so much unread that nothing more is
// fetched, the broker's part of the number is that of the last call.
std::unique_ptr<Source> MakeAmqpSource(AmqpOptions options, std::string queue);

// A publisher with one connection, made at the first Publish. An alarm of the broker that lasts
// longer than `blocked_timeout`, and a confirmation that does not come, are kUnknown with the
// reason: the broker may publish the message once the alarm is over.
std::unique_ptr<Publisher> MakeAmqpPublisher(AmqpOptions options);

// Declares a durable direct exchange, a durable queue and the binding; what exists alike is left
// as it is. With an empty `exchange` only the queue. kFailedPrecondition if something of the name
// exists with other properties.
absl::Status DeclareAmqp(const AmqpOptions& options, const std::string& exchange,
                         const std::string& routing_key, const std::string& queue);

// A look at the broker by passive declarations; it consumes and declares nothing.
std::unique_ptr<BrokerInspector> MakeAmqpInspector(AmqpOptions options);

}  // namespace syncd

#endif  // SYNCD_SOURCES_AMQP_H_
