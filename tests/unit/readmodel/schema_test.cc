#include "syncd/readmodel/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/generation_file.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;

constexpr char kPlan[] = R"toml(
[plan]
name = "p"
views = ["a.sql"]
[[entity]]
name = "thing"
key = "id"
join = "owner"
order = "seen"
fields = { id = "text", owner = "text", seen = "datetime" }
[[channel]]
name = "things"
kind = "snapshot"
assigns = [{ entity = "thing" }]
[[family]]
name = "things"
mapping = "m.json"
[[alias]]
name = "all"
family = "things"
)toml";

Plan PlanWith(const std::string& sql) {
  auto plan = PlanFromFiles(
      {{"plan.toml", kPlan},
       {"a.sql", sql},
       {"m.json", R"({"properties":{"owner":{"type":"text"},"seen":{"type":"date"}}})"}});
  EXPECT_TRUE(plan.ok()) << plan.status();
  return *plan;
}

std::string ErrorOf(const std::string& sql) {
  const absl::Status status = CheckViews(PlanWith(sql));
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

TEST(Schema, TakesViewsAndIndexes) {
  EXPECT_EQ(ErrorOf("-- a comment\nCREATE VIEW things AS SELECT owner AS join_key, id, owner FROM "
                    "thing;\nCREATE INDEX by_time ON thing (seen); -- the end\n"),
            "");
}

TEST(Schema, SqlErrorsNameFileAndStatement) {
  const std::string error = ErrorOf("CREATE INDEX i ON thing (seen);\n\nCREATE VEW things AS\n x;");
  EXPECT_THAT(error, HasSubstr("a.sql:3: in the statement \"CREATE VEW things AS\""));
  EXPECT_THAT(error, HasSubstr("syntax error"));
}

TEST(Schema, PlanMayOnlyDefine) {
  for (const char* sql :
       {"DROP TABLE thing;", "DELETE FROM thing;", "CREATE TABLE t (x);", "PRAGMA user_version=9;",
        "ATTACH 'x.db' AS x;", "INSERT INTO channel (name) VALUES ('x');",
        "CREATE TRIGGER t AFTER INSERT ON thing BEGIN SELECT 1; END;", "COMMIT;",
        "UPDATE plan_file SET content = '';", "CREATE TEMP VIEW v AS SELECT 1;"}) {
    EXPECT_THAT(ErrorOf(sql), HasSubstr("expected CREATE VIEW or CREATE INDEX")) << sql;
  }
}

TEST(Schema, FamilyNeedsItsView) {
  EXPECT_THAT(ErrorOf("CREATE VIEW other AS SELECT 1;"),
              HasSubstr("family \"things\": view \"things\": "));
  EXPECT_THAT(ErrorOf("CREATE VIEW things AS SELECT nothing FROM thing;"), HasSubstr("nothing"));
}

TEST(Schema, FamilyNeedsItsColumns) {
  EXPECT_THAT(ErrorOf("CREATE VIEW things AS SELECT id, owner AS join_key FROM thing;"),
              HasSubstr("expected join_key and id as the first two columns"));
  EXPECT_THAT(ErrorOf("CREATE VIEW things AS SELECT owner AS join_key, id, 1 AS extra FROM thing;"),
              HasSubstr("column \"extra\" is not in m.json"));
}

TEST(Schema, PlanIsKeptWhole) {
  const Plan plan =
      PlanWith("CREATE VIEW things AS SELECT owner AS join_key, id, owner FROM thing;");
  auto db = Database::Open(":memory:", Database::Mode::kCreate, Durability::kOff);
  ASSERT_TRUE(db.ok());
  ASSERT_TRUE(CreateSchema(**db, plan).ok());
  const auto kept = LoadPlan(**db);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->hash, plan.hash);
  EXPECT_EQ(kept->files, plan.files);
}

class UpsertTest : public ::testing::Test {
 protected:
  UpsertTest()
      : plan_(PlanWith("CREATE VIEW things AS SELECT owner AS join_key, id, owner FROM thing;")),
        db_(*Database::Open(":memory:", Database::Mode::kCreate, Durability::kOff)) {
    EXPECT_TRUE(CreateSchema(*db_, plan_).ok());
  }

  // Puts a thing of key `x`; an empty time is null.
  void Put(const std::string& owner, const std::string& seen, bool add_only = false) {
    const PlanEntity& entity = *plan_.FindEntity("thing");
    auto statement =
        db_->Prepare(UpsertSql(entity, add_only ? Upsert::kStraggler : Upsert::kSnapshot));
    ASSERT_TRUE(statement.ok()) << statement.status();
    for (size_t i = 0; i < entity.fields.size(); ++i) {
      const int parameter = static_cast<int>(i) + 1;
      const std::string& name = entity.fields[i].name;
      const std::string& value = name == "id" ? key_ : name == "owner" ? owner : seen;
      if (!value.empty()) statement->BindText(parameter, value);
    }
    if (!seen.empty()) statement->BindText(static_cast<int>(entity.fields.size()) + 1, seen);
    ASSERT_TRUE(statement->Run().ok());
  }

  std::string Owner() {
    auto select = db_->Prepare("SELECT owner FROM thing");
    EXPECT_TRUE(*select->Step());
    return select->TextCopy(0);
  }

  const std::string key_ = "x";
  Plan plan_;
  std::unique_ptr<Database> db_;
};

TEST_F(UpsertTest, OlderNeverOverwritesNewer) {
  Put("new", "2022-02-01T00:00:00.000");
  Put("old", "2022-01-01T00:00:00.000");
  EXPECT_EQ(Owner(), "new");
  Put("none", "");
  EXPECT_EQ(Owner(), "new");
  Put("equal", "2022-02-01T00:00:00.000");
  EXPECT_EQ(Owner(), "equal");
  Put("newer", "2022-03-01T00:00:00.000");
  EXPECT_EQ(Owner(), "newer");
}

TEST_F(UpsertTest, WithoutOrderIsLeast) {
  Put("none", "");
  Put("none again", "");
  EXPECT_EQ(Owner(), "none again");
  Put("old", "1970-01-01T00:00:00.000");
  EXPECT_EQ(Owner(), "old");
}

TEST_F(UpsertTest, AddOnlyLeavesWhatIsThere) {
  Put("first", "2022-01-01T00:00:00.000", true);
  Put("second", "2022-02-01T00:00:00.000", true);
  EXPECT_EQ(Owner(), "first");
}

}  // namespace
}  // namespace syncd
