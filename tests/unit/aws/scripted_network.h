// A network that follows a script, and settings, for tests of the credential chain.
#ifndef TESTS_UNIT_AWS_SCRIPTED_NETWORK_H_
#define TESTS_UNIT_AWS_SCRIPTED_NETWORK_H_

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "syncd/aws/chain.h"

namespace syncd {

// A request that was sent, and who signed it.
struct SentRequest {
  std::string line;  // method and URL
  std::map<std::string, std::string> headers;
  std::string body;
  std::string signer;  // `service/region/key id/token`; empty if it was not signed
};

struct ScriptedNetwork {
  std::deque<absl::StatusOr<indexswap::HttpResponse>> answers;
  std::vector<SentRequest> sent;

  void Answer(int status, const std::string& body) { answers.push_back({{status, body}}); }
};

class ScriptedTransport : public indexswap::HttpTransport {
 public:
  ScriptedTransport(ScriptedNetwork& network, indexswap::HttpOptions options)
      : network_(network), options_(std::move(options)) {}

  absl::StatusOr<indexswap::HttpResponse> Send(const indexswap::HttpRequest& request) override {
    SentRequest sent = {std::string(ToString(request.method)) + " " + options_.url +
                        request.target};
    for (const indexswap::HttpHeader& header : request.headers) {
      sent.headers[header.name] = header.value;
    }
    sent.body = std::string(request.body);
    if (options_.aws) {
      const auto credentials = options_.aws->credentials->Get();
      sent.signer = options_.aws->service + "/" + options_.aws->region + "/" +
                    credentials->access_key_id + "/" + credentials->session_token;
    }
    network_.sent.push_back(std::move(sent));
    if (network_.answers.empty()) return absl::UnavailableError("nothing listens there");
    auto answer = std::move(network_.answers.front());
    network_.answers.pop_front();
    return answer;
  }

  const std::string& url() const override { return options_.url; }

 private:
  ScriptedNetwork& network_;
  const indexswap::HttpOptions options_;
};

// A home folder, variables, a clock and a network of its own.
class ChainTest : public ::testing::Test {
 protected:
  ChainTest() : home_(::testing::TempDir() + "/aws_chain_home") {
    std::filesystem::remove_all(home_);
    std::filesystem::create_directories(home_ + "/.aws");
    variables_["HOME"] = home_;
    variables_["AWS_REGION"] = "eu-west-2";
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(home_ + "/" + name) << text;
  }

  // What the chain finds; its searches share one source.
  absl::StatusOr<indexswap::AwsCredentials> Find() {
    if (source_ == nullptr) source_ = Source();
    return source_->Fetch();
  }

  std::unique_ptr<AwsSource> Source() {
    AwsChainOptions options;
    options.environment = [this](const char* name) {
      const auto found = variables_.find(name);
      return found == variables_.end() ? nullptr : found->second.c_str();
    };
    options.sts_region = sts_region_;
    options.clock = [this] { return now_; };
    options.network.connect = [this](indexswap::HttpOptions http) {
      return absl::StatusOr<std::unique_ptr<indexswap::HttpTransport>>(
          std::make_unique<ScriptedTransport>(network_, std::move(http)));
    };
    return MakeAwsChain(std::move(options));
  }

  std::string home_;
  std::map<std::string, std::string> variables_;
  std::string sts_region_;
  std::chrono::system_clock::time_point now_{std::chrono::hours(24)};
  ScriptedNetwork network_;
  std::unique_ptr<AwsSource> source_;
};

// What container and instance send.
inline std::string JsonKey(const std::string& id) {
  return R"({"Code":"Success","AccessKeyId":")" + id +
         R"(","SecretAccessKey":"S","Token":"T","Expiration":"2099-01-01T00:00:00Z"})";
}

// What STS sends.
inline std::string XmlKey(const std::string& id, const std::string& end = "2099-01-01T00:00:00Z") {
  return "<R xmlns=\"x\"><Result><Credentials><AccessKeyId>" + id +
         "</AccessKeyId><SecretAccessKey>S&amp;</SecretAccessKey><SessionToken>T</SessionToken>"
         "<Expiration>" +
         end + "</Expiration></Credentials></Result></R>";
}

}  // namespace syncd

#endif  // TESTS_UNIT_AWS_SCRIPTED_NETWORK_H_
