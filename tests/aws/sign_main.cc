// Signs each request that standard input holds as one line of JSON, and prints the headers that
// are to be added, one line of JSON each: the signer, for a test in another language.
#include <indexswap/aws.h>

#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <string>

namespace {

std::string Text(const boost::json::object& object, const char* key) {
  return std::string(object.at(key).as_string());
}

boost::json::object Sign(const boost::json::object& order) {
  indexswap::AwsRequest request = {Text(order, "method"), Text(order, "host"), Text(order, "path"),
                                   Text(order, "query")};
  for (const boost::json::value& header : order.at("headers").as_array()) {
    const boost::json::array& pair = header.as_array();
    request.headers.push_back({std::string(pair[0].as_string()), std::string(pair[1].as_string())});
  }
  const std::string body = Text(order, "body");
  request.body = body;
  const indexswap::AwsSigning signing = {
      Text(order, "service"), Text(order, "region"),
      indexswap::StaticAwsCredentials(
          {Text(order, "key"), Text(order, "secret"), Text(order, "token")})};
  const auto time = std::chrono::system_clock::from_time_t(order.at("time").to_number<int64_t>());
  const auto added = indexswap::SignAwsRequest(request, signing, time);
  boost::json::object answer;
  if (!added.ok()) return {{"error", std::string(added.status().message())}};
  for (const indexswap::HttpHeader& header : *added) answer[header.name] = header.value;
  return answer;
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << boost::json::serialize(Sign(boost::json::parse(line).as_object())) << "\n";
  }
}
