#include "syncd/sources/wakeup.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace syncd {
namespace {

constexpr std::chrono::milliseconds kLong{60'000};

class WakeupTest : public ::testing::Test {
 protected:
  WakeupTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  ~WakeupTest() override {
    for (int end : ends_) close(end);
  }

  std::array<int, 2> ends_ = {-1, -1};
  Wakeup wakeup_;
};

TEST_F(WakeupTest, ASignalBeforeTheWaitCountsOnce) {
  wakeup_.Signal();
  wakeup_.Signal();
  EXPECT_FALSE(wakeup_.Wait(kLong));
  EXPECT_FALSE(wakeup_.Wait(std::chrono::milliseconds(1)));
}

TEST_F(WakeupTest, DataEndsAWaitForDataOnly) {
  ASSERT_EQ(write(ends_[1], "x", 1), 1);
  EXPECT_TRUE(wakeup_.Wait(kLong, ends_[0]));
  EXPECT_FALSE(wakeup_.Wait(std::chrono::milliseconds(1), ends_[0], Wakeup::On::kHangUp));
}

TEST_F(WakeupTest, AHangUpIsSeenBehindUnreadData) {
  ASSERT_EQ(write(ends_[1], "x", 1), 1);
  shutdown(ends_[1], SHUT_WR);
  EXPECT_TRUE(wakeup_.Wait(kLong, ends_[0], Wakeup::On::kHangUp));
}

}  // namespace
}  // namespace syncd
