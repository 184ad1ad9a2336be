#include "syncd/sources/ndjson.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace syncd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class NdjsonTest : public ::testing::Test {
 protected:
  NdjsonTest() : path_(::testing::TempDir() + "ndjson_test_" + std::to_string(getpid())) {}
  ~NdjsonTest() override { unlink(path_.c_str()); }

  std::unique_ptr<Source> Open(const std::string& content, NdjsonOptions options = {}) {
    std::ofstream(path_, std::ios::binary) << content;
    absl::StatusOr<std::unique_ptr<Source>> source = OpenNdjson(path_, options);
    EXPECT_TRUE(source.ok()) << source.status();
    return source.ok() ? *std::move(source) : nullptr;
  }

  // All messages as (line, body), up to the end of the file.
  std::vector<std::pair<uint64_t, std::string>> ReadAll(const std::string& content) {
    std::vector<std::pair<uint64_t, std::string>> messages;
    std::unique_ptr<Source> source = Open(content);
    while (true) {
      auto next = source->Next(std::chrono::milliseconds(0));
      if (!next.ok()) {
        EXPECT_EQ(next.status().code(), absl::StatusCode::kOutOfRange) << next.status();
        return messages;
      }
      messages.emplace_back((*next)->position.delivery, (*next)->body);
    }
  }

  const std::string path_;
};

TEST_F(NdjsonTest, OneMessageALine) {
  EXPECT_THAT(ReadAll("{\"a\":1}\n\"syncStart\"\n"),
              ElementsAre(Pair(1, "{\"a\":1}"), Pair(2, "\"syncStart\"")));
}

TEST_F(NdjsonTest, BlankLinesAreCountedButNoMessages) {
  EXPECT_THAT(ReadAll("\n1\n  \t\n\r\n2\n\n"), ElementsAre(Pair(2, "1"), Pair(5, "2")));
}

TEST_F(NdjsonTest, ToleratesCrlfMarkAndMissingNewline) {
  EXPECT_THAT(ReadAll("\xEF\xBB\xBF{}\r\n[]\r\n3"),
              ElementsAre(Pair(1, "{}"), Pair(2, "[]"), Pair(3, "3")));
}

TEST_F(NdjsonTest, KeepsBlanksAndCarriageReturnsInsideALine) {
  EXPECT_THAT(ReadAll(" a\rb \n"), ElementsAre(Pair(1, " a\rb ")));
}

TEST_F(NdjsonTest, EmptyFileEndsAtOnce) { EXPECT_THAT(ReadAll(""), ElementsAre()); }

TEST_F(NdjsonTest, LinesLongerThanABlock) {
  const std::string batch(6'000'000, 'x');
  const std::string block((256 << 10) - 1, 'y');  // its newline ends the block exactly
  EXPECT_THAT(ReadAll(block + "\n" + batch + "\n" + batch + "z\n1"),
              ElementsAre(Pair(1, block), Pair(2, batch), Pair(3, batch + "z"), Pair(4, "1")));
}

TEST_F(NdjsonTest, TooLongALineIsNamedAndSkipped) {
  auto source = Open("1\n123456789\n3\n12345678\n", NdjsonOptions{.max_line_bytes = 8});
  EXPECT_EQ((**source->Next({})).body, "1");
  const absl::Status status = source->Next({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(path_ + ":2:"), HasSubstr("9 bytes"), HasSubstr("at most 8 bytes")));
  EXPECT_EQ((**source->Next({})).body, "3");
  EXPECT_EQ((**source->Next({})).body, "12345678");
}

TEST_F(NdjsonTest, EndIsReportedAgainAndAgain) {
  auto source = Open("1\n");
  EXPECT_TRUE(source->Next({}).ok());
  EXPECT_EQ(source->Next({}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(source->Next({}).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(NdjsonTest, MissingFileIsNamed) {
  const absl::Status status = OpenNdjson("/nonexistent/gmc.ndjson").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("/nonexistent/gmc.ndjson"), HasSubstr("one JSON body a line")));
}

TEST_F(NdjsonTest, FoldersAndCompressedFilesAreRefused) {
  EXPECT_EQ(OpenNdjson(::testing::TempDir()).status().code(), absl::StatusCode::kInvalidArgument);
  std::ofstream(path_, std::ios::binary) << "\x1F\x8B\x08\x00 whatever";
  const absl::Status status = OpenNdjson(path_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("gunzip"));
}

TEST_F(NdjsonTest, InterruptCancelsEveryNext) {
  auto source = Open("1\n2\n");
  EXPECT_TRUE(source->Next({}).ok());
  source->Interrupt();
  EXPECT_EQ(source->Next({}).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(source->Next({}).status().code(), absl::StatusCode::kCancelled);
}

TEST_F(NdjsonTest, NothingWaitsAndAckAndCloseAreHarmless) {
  auto source = Open("1\n");
  EXPECT_EQ(*source->Waiting(), 0u);
  EXPECT_TRUE(source->Ack(Position{1, 1}).ok());
  EXPECT_TRUE(source->Close().ok());
  EXPECT_TRUE(source->Close().ok());
  EXPECT_EQ(source->Next({}).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace syncd
