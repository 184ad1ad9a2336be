// Looking at a broker by passive declarations, which change nothing.
#include <utility>

#include "syncd/sources/amqp.h"
#include "syncd/sources/amqp_connection.h"

namespace syncd {
namespace {

constexpr amqp_channel_t kChannel = AmqpConnection::kChannel;

class AmqpInspector : public BrokerInspector {
 public:
  explicit AmqpInspector(AmqpOptions options) : options_(std::move(options)) {}

  ~AmqpInspector() override {
    if (connection_) connection_->Close(options_.answer_timeout);
  }

  absl::Status Connect() override {
    if (connection_) return absl::OkStatus();
    auto opened = AmqpConnection::Open(options_, "syncd doctor");
    if (!opened.ok()) return opened.status();
    connection_ = *std::move(opened);
    return absl::OkStatus();
  }

  absl::Status FindExchange(const std::string& exchange) override {
    if (absl::Status status = Connect(); !status.ok()) return status;
    amqp_exchange_declare(connection_->state(), kChannel, Bytes(exchange), Bytes("direct"),
                          /*passive=*/1, 0, 0, 0, amqp_empty_table);
    return Settle(connection_->LastReply("looking at exchange " + exchange));
  }

  absl::StatusOr<BrokerQueue> FindQueue(const std::string& queue) override {
    if (absl::Status status = Connect(); !status.ok()) return status;
    const amqp_queue_declare_ok_t* found = amqp_queue_declare(
        connection_->state(), kChannel, Bytes(queue), /*passive=*/1, 0, 0, 0, amqp_empty_table);
    const absl::Status status = connection_->LastReply("looking at queue " + queue);
    if (!status.ok()) return Settle(status);
    return BrokerQueue{found->message_count, found->consumer_count};
  }

 private:
  // The broker closes the channel with each refusal.
  absl::Status Settle(const absl::Status& status) {
    if (status.ok()) return status;
    const bool alive = status.code() != absl::StatusCode::kUnavailable;
    if (!alive || !connection_->OpenChannel().ok()) connection_.reset();
    return status;
  }

  const AmqpOptions options_;
  std::unique_ptr<AmqpConnection> connection_;
};

}  // namespace

std::unique_ptr<BrokerInspector> MakeAmqpInspector(AmqpOptions options) {
  return std::make_unique<AmqpInspector>(std::move(options));
}

}  // namespace syncd
