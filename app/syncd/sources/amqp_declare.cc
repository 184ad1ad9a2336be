// Declares queues, exchanges and bindings, for those who leave that to syncd.
#include <absl/strings/str_format.h>

#include "syncd/sources/amqp.h"
#include "syncd/sources/amqp_connection.h"

namespace syncd {

absl::Status DeclareAmqp(const AmqpOptions& options, const std::string& exchange,
                         const std::string& routing_key, const std::string& queue) {
  constexpr amqp_channel_t kChannel = AmqpConnection::kChannel;
  auto opened = AmqpConnection::Open(options, "syncd declaring");
  if (!opened.ok()) return opened.status();
  AmqpConnection& connection = **opened;
  amqp_queue_declare(connection.state(), kChannel, Bytes(queue), 0, /*durable=*/1, 0, 0,
                     amqp_empty_table);
  absl::Status status = connection.LastReply("declaring queue " + queue);
  if (status.ok() && !exchange.empty()) {
    amqp_exchange_declare(connection.state(), kChannel, Bytes(exchange), Bytes("direct"), 0,
                          /*durable=*/1, 0, 0, amqp_empty_table);
    status = connection.LastReply("declaring exchange " + exchange);
    if (status.ok()) {
      amqp_queue_bind(connection.state(), kChannel, Bytes(queue), Bytes(exchange),
                      Bytes(routing_key), amqp_empty_table);
      status = connection.LastReply(absl::StrFormat(
          "binding queue %s to exchange %s with routing key %s", queue, exchange, routing_key));
    }
  }
  if (status.ok()) connection.Close(options.answer_timeout);
  return status;
}

}  // namespace syncd
