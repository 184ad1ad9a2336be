#include "syncd/readmodel/state_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test_model.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;

TEST(StateLock, CreatesAPrivateFolder) {
  TestFolder folder;
  const std::string state = folder.File("a/state/");
  auto lock = StateLock::Acquire(state, "sync");
  ASSERT_TRUE(lock.ok()) << lock.status();
  struct stat info = {};
  ASSERT_EQ(stat(state.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST(StateLock, SecondIsRefusedAndToldWhoHoldsIt) {
  TestFolder folder;
  auto lock = StateLock::Acquire(folder.path(), "serve");
  ASSERT_TRUE(lock.ok()) << lock.status();
  ASSERT_TRUE((*lock)->PublishAddress("127.0.0.1:8088").ok());
  const auto second = StateLock::Acquire(folder.path(), "sync");
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  const std::string message(second.status().message());
  EXPECT_THAT(message, HasSubstr("syncd serve, pid " + std::to_string(getpid())));
  EXPECT_THAT(message, HasSubstr("127.0.0.1:8088"));
  EXPECT_THAT(message, HasSubstr(folder.path()));
}

TEST(StateLock, EndsWithItsHolder) {
  TestFolder folder;
  { ASSERT_TRUE(StateLock::Acquire(folder.path(), "sync").ok()); }
  EXPECT_TRUE(StateLock::Acquire(folder.path(), "sync").ok());
}

TEST(StateLock, HolderIsKnownOnlyWhileItHolds) {
  TestFolder folder;
  EXPECT_FALSE(StateLock::Holder(folder.File("nowhere"))->has_value());
  {
    auto lock = StateLock::Acquire(folder.path(), "sync");
    ASSERT_TRUE(lock.ok());
    const auto holder = StateLock::Holder(folder.path());
    ASSERT_TRUE(holder.ok() && holder->has_value());
    EXPECT_EQ((*holder)->pid, getpid());
    EXPECT_EQ((*holder)->command, "sync");
    EXPECT_EQ((*holder)->address, "");
    EXPECT_FALSE((*holder)->host.empty());
  }
  EXPECT_FALSE(StateLock::Holder(folder.path())->has_value());
}

}  // namespace
}  // namespace syncd
