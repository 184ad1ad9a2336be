#include "syncd/readmodel/projection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Escaped(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

TEST(Projection, EscapesOnlyWhatJsonAsksFor) {
  EXPECT_EQ(Escaped(""), "\"\"");
  EXPECT_EQ(Escaped("Ó Súilleabháin 𝔸 \x7f/"), "\"Ó Súilleabháin 𝔸 \x7f/\"");
  EXPECT_EQ(Escaped("\"a\\b\"\n"), R"("\"a\\b\"\n")");
  EXPECT_EQ(Escaped(std::string_view("\0\x01\x1f\t\r", 5)), R"("\u0000\u0001\u001f\t\r")");
}

class ProjectionTest : public ::testing::Test {
 protected:
  ProjectionTest() {
    db_ = *Database::Open(":memory:", Database::Mode::kCreate, Durability::kOff);
    family_.name = family_.view = "v";
    family_.types = {{"n", "long"},    {"d", "double"}, {"b", "boolean"},
                     {"t", "keyword"}, {"l", "nested"}, {"o", "object"}};
  }

  // The rows of `select` as `id=document`.
  std::vector<std::string> Project(const std::string& select) {
    EXPECT_TRUE(db_->Execute("DROP VIEW IF EXISTS v; CREATE VIEW v AS " + select).ok());
    std::vector<std::string> rows;
    status_ = ProjectFamily(*db_, family_, [&](std::string_view id, std::string&& document) {
      rows.push_back(std::string(id) + "=" + document);
      return rows.size() == stop_after_ ? absl::CancelledError("enough") : absl::OkStatus();
    });
    return rows;
  }

  std::unique_ptr<Database> db_;
  PlanFamily family_;
  absl::Status status_;
  size_t stop_after_ = 0;
};

TEST_F(ProjectionTest, WritesEachColumnByTheMappedType) {
  EXPECT_THAT(Project("SELECT 1 AS join_key, 'x' AS id, 7 AS n, 2.5 AS d, 1 AS b, 'q\"' AS t, "
                      "'[{\"a\":1}]' AS l, '{}' AS o"),
              ElementsAre(R"(x={"n":7,"d":2.5,"b":true,"t":"q\"","l":[{"a":1}],"o":{}})"));
}

TEST_F(ProjectionTest, LeavesOutNullsAndEmptyLists) {
  EXPECT_THAT(Project("SELECT 1 AS join_key, 'x' AS id, NULL AS n, NULL AS b, '[]' AS l, '' AS t "
                      "UNION ALL SELECT 1, 'y', NULL, 0, NULL, NULL"),
              ElementsAre(R"(x={"t":""})", R"(y={"b":false})"));
}

TEST_F(ProjectionTest, TextWhereTheMappingHasANumberStaysText) {
  EXPECT_THAT(Project("SELECT 1 AS join_key, 5 AS id, 'x' AS n, 'yes' AS b, 12 AS t"),
              ElementsAre(R"(5={"n":"x","b":"yes","t":"12"})"));
}

TEST_F(ProjectionTest, RowWithoutIdIsAnError) {
  Project("SELECT 'k7' AS join_key, NULL AS id, 1 AS n");
  EXPECT_TRUE(absl::IsInvalidArgument(status_));
  EXPECT_THAT(std::string(status_.message()), HasSubstr("family \"v\""));
  EXPECT_THAT(std::string(status_.message()), HasSubstr("k7"));
}

TEST_F(ProjectionTest, SinkEndsIt) {
  stop_after_ = 2;
  EXPECT_EQ(Project("SELECT 1 AS join_key, value AS id, 1 AS n FROM json_each('[1,2,3]')").size(),
            2u);
  EXPECT_TRUE(absl::IsCancelled(status_));
}

TEST_F(ProjectionTest, Counts) {
  Project("SELECT 1 AS join_key, value AS id, 1 AS n FROM json_each('[1,2,3]')");
  const auto count = CountFamily(*db_, family_);
  ASSERT_TRUE(count.ok());
  EXPECT_EQ(*count, 3u);
}

}  // namespace
}  // namespace syncd
