// Amazon SQS as a source of messages.
#ifndef SYNCD_SOURCES_SQS_H_
#define SYNCD_SOURCES_SQS_H_

#include <indexswap/aws.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "syncd/sources/queue_inspector.h"
#include "syncd/sources/source.h"

namespace syncd {

// How queues are read. Only `credentials` has to be set.
struct SqsOptions {
  // http(s)://host[:port] to which calls go; empty: that of the queue's URL.
  std::string endpoint;

  // Empty: the one in the queue's URL, see AwsRegionOf.
  std::string region;

  std::shared_ptr<indexswap::AwsCredentialsProvider> credentials;

  // The authorities that the server's certificate is checked against, a PEM file; empty: those of
  // the system.
  std::string ca_file;

  // How many calls fetch messages at once while there are some; one waits at an empty queue. A FIFO
  // queue is always read by one: its order is kept.
  size_t connections = 4;

  // The most messages that are fetched and not acknowledged, and the most bytes of bodies that are
  // fetched ahead of the reader; one answer (ten messages) is always admitted.
  size_t prefetch_messages = 1000;
  size_t prefetch_bytes = size_t{16} << 20;

  // For how long the queue hides a message that was handed out. It is extended for as long as the
  // source is open, so this is how late a message comes again if the process dies, or if a call is
  // cut off to which the server gives it.
  std::chrono::seconds visibility_timeout{60};

  // How long a call waits in the server for messages, 0 to 20 s.
  std::chrono::seconds wait{20};

  // The longest pause between two attempts while the server fails; the first is 100 ms.
  std::chrono::milliseconds reconnect_max{10'000};

  // How long an attempt to connect may take, and an answer, beside `wait`.
  std::chrono::milliseconds answer_timeout{10'000};

  // For how long the queue may be gone, once the source is open, before that is final; nothing:
  // for as long as it takes. Amazon lets a name be used again 60 s after its queue was deleted.
  std::optional<std::chrono::milliseconds> missing_timeout{120'000};

  // How long Close may take to delete what is acknowledged and to give back what is not.
  std::chrono::milliseconds close_timeout{4'000};
};

// A source that reads the queue at `queue_url`, standard or FIFO (`https://sqs.<region>.
// amazonaws.com/<account>/<name>`). Its own thread speaks to the server, extends the time for which
// unacknowledged messages are hidden, deletes acknowledged ones ten at a time, and tries again
// while the server fails, so deliveries survive an outage. A message whose MD5 is wrong is not
// handed out; it comes again. A FIFO queue's message groups are handed out in their order, from a
// message that comes again on.
//
// At most `prefetch_messages` are handed out unacknowledged: a reader that gathers messages must
// acknowledge what it has when Next(0) comes back empty, not only when its batch is full.
//
// Open: kFailedPrecondition when there is no such queue; kPermissionDenied, kUnauthenticated when
// credentials are refused or missing; kInvalidArgument for options that make no sense;
// kUnavailable when the server is not reached.
// Next: kUnavailable once when the server begins to fail, and again whenever the reason changes.
// Waiting: what the queue has to hand out, delayed messages included, beside what is fetched but
// not read. Amazon's figure is approximate, and settles within about a minute.
std::unique_ptr<Source> MakeSqsSource(SqsOptions options, std::string queue_url);

// A look at queues by their attributes; it receives nothing.
std::unique_ptr<SqsInspector> MakeSqsInspector(SqsOptions options);

// `eu-west-2` of `https://sqs.eu-west-2.amazonaws.com/1234/name` and Amazon's other forms; empty
// for the URL of another server.
std::string AwsRegionOf(std::string_view queue_url);

}  // namespace syncd

#endif  // SYNCD_SOURCES_SQS_H_
