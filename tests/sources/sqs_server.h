// A real SQS server for tests, driven past the source under test.
#ifndef TESTS_SOURCES_SQS_SERVER_H_
#define TESTS_SOURCES_SQS_SERVER_H_

#include <absl/status/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "syncd/sources/sqs.h"
#include "syncd/sources/sqs_client.h"

namespace syncd {

// One call after another. Queues made here are deleted at the end.
class SqsServer {
 public:
  // `options.endpoint` is the server's URL.
  explicit SqsServer(SqsOptions options);
  ~SqsServer();

  // The URL of a new queue; one that ends with `.fifo` is a FIFO queue.
  std::string CreateQueue(const std::string& name);
  void DeleteQueue(const std::string& queue_url);

  // In batches, and in this order. For a FIFO queue all in the message group `group`.
  void Send(const std::string& queue_url, const std::vector<std::string>& bodies,
            const std::string& group = "");

  // Messages that are not deleted: waiting, or hidden.
  uint64_t Waiting(const std::string& queue_url);
  uint64_t Hidden(const std::string& queue_url);

 private:
  std::string Call(const std::string& action, const std::string& body);
  uint64_t Attribute(const std::string& queue_url, const std::string& name);

  std::unique_ptr<SqsClient> client_;
  std::vector<std::string> queues_;
  int sent_ = 0;
};

}  // namespace syncd

#endif  // TESTS_SOURCES_SQS_SERVER_H_
