// Which exit code a daemon's answers become.
#include "syncd/cli/remote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../http_api/fake_api.h"
#include "syncd/cli/cli.h"
#include "syncd/http/server.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

int ExitCodeOf(const absl::Status& error) {
  return PrintAnswer(Arguments(), ApiError(error), [](const std::string&) {});
}

TEST(PrintAnswer, OnlyAnOpenOutcomeIsUnknown) {
  EXPECT_EQ(ExitCodeOf(absl::UnknownError("whether the aliases have moved is not known")), 4);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("stalled: nothing was sent")), 1);
  EXPECT_EQ(ExitCodeOf(absl::FailedPreconditionError("a gate")), 3);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("no such key")), 2);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("just starting")), 1);
}

// Takes a sync on, and tells of it whatever it was made to.
class ToldStatus : public FakeApi {
 public:
  explicit ToldStatus(std::string status) : status_(std::move(status)) {}
  ApiAnswer Status() override { return {200, status_}; }

 private:
  const std::string status_;
};

int SyncWith(const std::string& status) {
  ToldStatus api(status);
  ApiServerOptions options;
  options.listen = "127.0.0.1:0";
  const auto server = ApiServer::Start(options, &api);
  EXPECT_TRUE(server.ok()) << server.status();
  return SyncByDaemon(Arguments(), ApiClient({.address = (*server)->address()}));
}

TEST(SyncByDaemon, ARunThatIsLostWithTheLeaseIsNotDone) {
  EXPECT_EQ(SyncWith(R"({"role":"standby","run":null,"last_run":null})"), 3);
}

TEST(SyncByDaemon, EndsAsItsRunDid) {
  EXPECT_EQ(SyncWith(R"({"role":"active","run":null,"last_run":{"run":13}})"), 0);
  EXPECT_EQ(SyncWith(R"({"run":null,"last_run":{"run":13,"error":{"code":"refused"}}})"), 3);
}

// What `adopt` says to this override, without a configuration.
std::string AdoptSays(const std::string& gate) {
  Arguments arguments;
  arguments.overrides = {gate};
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(RunAdopt(arguments), 2);
  return ::testing::internal::GetCapturedStderr();
}

TEST(Adopt, LetsThroughWhatIsJudgedBeforeABuild) {
  EXPECT_THAT(AdoptSays("shrink"), HasSubstr("gate shrink"));
  for (const char* gate : {"disk", "capacity", "blocks", "templates"}) {
    EXPECT_THAT(AdoptSays(gate), Not(HasSubstr(gate)));
  }
}

}  // namespace
}  // namespace syncd
