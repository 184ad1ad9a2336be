// Prints the credentials that the chain chooses in this process's environment, or why there are
// none, as one line of JSON: the chain, for a test in another language.
//
//     credentials_main CONTAINER    where a relative URI belongs, instead of ECS's own address
#include <boost/json.hpp>
#include <cstdlib>
#include <iostream>
#include <string>

#include "syncd/aws/chain.h"

int main(int argc, char** argv) {
  syncd::AwsChainOptions options;
  options.environment = [](const char* name) -> const char* { return std::getenv(name); };
  if (argc > 1) options.network.container_url = argv[1];
  const syncd::AwsClock clock = options.clock;
  const auto found =
      syncd::RefreshedAwsCredentials(syncd::MakeAwsChain(std::move(options)), clock)->Get();
  boost::json::object answer;
  if (found.ok()) {
    answer = {{"key", found->access_key_id},
              {"secret", found->secret_access_key},
              {"token", found->session_token}};
  } else {
    answer = {{"error", std::string(found.status().message())}};
  }
  std::cout << boost::json::serialize(answer) << "\n";
}
