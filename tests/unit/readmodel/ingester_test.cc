#include "syncd/readmodel/ingester.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "syncd/readmodel/schema.h"
#include "test_model.h"

namespace syncd {
namespace {

class IngesterTest : public ::testing::Test {
 protected:
  IngesterTest()
      : db_(*Database::Open(":memory:", Database::Mode::kCreate, Durability::kOff)),
        letters_(*db_),
        ingester_(TisPlan(), *TisPlan().FindChannel("gmc"), *db_, letters_) {
    EXPECT_TRUE(CreateSchema(*db_, TisPlan()).ok());
  }

  std::unique_ptr<Database> db_;
  DeadLetters letters_;
  Ingester ingester_;
};

TEST_F(IngesterTest, BatchIsSplitIntoRecords) {
  std::string body = "{\"payload\":[";
  for (int i = 0; i < 9000; ++i) {
    body += (i == 0 ? "" : ",") + std::string("{\"doctor\":{\"gmcReferenceNumber\":\"") +
            std::to_string(i) + "\"}}";
  }
  body += "]}";
  const auto result = ingester_.Ingest(body, false);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->records, 9000u);
  for (const char* entity : {"doctor", "admin", "outcome"}) {
    EXPECT_EQ(db_->QueryInteger(std::string("SELECT count(*) FROM ") + entity).value(), 9000);
  }
}

TEST_F(IngesterTest, DatabaseErrorsAreNotTheMessagesFault) {
  ASSERT_TRUE(db_->Execute("DROP VIEW exceptionindex; DROP VIEW exception_candidate;"
                           "DROP TABLE outcome")
                  .ok());
  EXPECT_FALSE(
      ingester_.Ingest(R"({"payload":{"doctor":{"gmcReferenceNumber":"7"}}})", false).ok());
  EXPECT_EQ(letters_.Count().value(), 0);
}

TEST_F(IngesterTest, ExpectedCountIsPassedOn) {
  PlanChannel channel = *TisPlan().FindChannel("gmc");
  channel.end.count = "total";
  Ingester ingester(TisPlan(), channel, *db_, letters_);
  const auto result = ingester.Ingest(R"({"payload":null,"syncEnd":true,"total":12})", false);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->expected, 12u);
  EXPECT_TRUE(result->ended);
}

}  // namespace
}  // namespace syncd
