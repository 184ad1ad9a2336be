#include "syncd/readmodel/extractor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "test_model.h"

namespace syncd {
namespace {

using ::testing::ElementsAre;

// What Extract says of the one item, or the last, in `body`; empty if it is good.
std::string Extract(const std::string& channel_name, const std::string& body) {
  const PlanChannel& channel = *TisPlan().FindChannel(channel_name);
  Decoder decoder(channel);
  Extractor extractor(TisPlan(), channel);
  absl::Status status;
  const auto envelope = decoder.Decode(body, [&](const DecodedItem& item) {
    status = extractor.Extract(item);
    return absl::OkStatus();
  });
  EXPECT_TRUE(envelope.ok()) << envelope.status();
  return std::string(status.message());
}

struct Case {
  const char* channel;
  const char* body;
  const char* error;
};

class ExtractorErrorTest : public ::testing::TestWithParam<Case> {};

TEST_P(ExtractorErrorTest, NamesThePath) {
  EXPECT_EQ(Extract(GetParam().channel, GetParam().body), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Extractor, ExtractorErrorTest,
    ::testing::Values(
        Case{"gmc", R"({"payload":[{"doctor":{"gmcReferenceNumber":"7"}}]})", ""},
        Case{"gmc", R"({"payload":{"doctor":{"gmcReferenceNumber":7},"more":1}})", ""},
        Case{"gmc", R"({"payload":[5]})", "payload[0]: expected object, got number"},
        Case{"gmc", R"({"payload":[null]})", "payload[0]: expected object, got null"},
        Case{"gmc", R"({"payload":"x"})", "payload: expected object, got text"},
        Case{"gmc", R"({"payload":[{}]})",
             "payload[0].doctor.gmcReferenceNumber: the key is missing or blank; expected text"},
        Case{"gmc", R"({"payload":[{"doctor":null}]})",
             "payload[0].doctor.gmcReferenceNumber: the key is missing or blank; expected text"},
        Case{"gmc", R"({"payload":{"doctor":{"gmcReferenceNumber":" "}}})",
             "payload.doctor.gmcReferenceNumber: the key is missing or blank; expected text"},
        Case{"gmc", R"({"payload":[{"doctor":"x"}]})",
             "payload[0].doctor: expected object, got text"},
        Case{"gmc", R"({"payload":[{"doctor":{"gmcReferenceNumber":{}}}]})",
             "payload[0].doctor.gmcReferenceNumber: expected text, got object"},
        Case{"gmc", R"({"payload":[{"doctor":{"gmcReferenceNumber":"7","admin":["x"]}}]})",
             "payload[0].doctor.admin: expected text, got list"},
        Case{"gmc", R"({"payload":[{"doctor":{"gmcReferenceNumber":"7"},"gmcOutcome":{}}]})",
             "payload[0].gmcOutcome: expected text, got object"},
        Case{"tcs", R"({"tcsPersonId":"12"})", ""},
        Case{"tcs", "[]", "body: expected object, got list"},
        Case{"tcs", "{}", "tcsPersonId: the key is missing or blank; expected integer"},
        Case{"tcs", R"({"tcsPersonId":"x"})", "tcsPersonId: expected integer, got text"},
        Case{"tcs", R"({"tcsPersonId":1,"programmeMembershipEndDate":{}})",
             "programmeMembershipEndDate: expected date, got object"},
        Case{"connection-logs", R"({"payload":[{"updatedBy":"x"}]})",
             "payload[0].gmcId: the key is missing or blank; expected text"},
        Case{"hidden-discrepancies", R"({"payload":[{"gmcId":"7"}]})",
             "payload[0].id: the key is missing or blank; expected text"}));

TEST(Extractor, RowsAreInTheOrderOfAssignments) {
  const PlanChannel& channel = *TisPlan().FindChannel("gmc");
  Decoder decoder(channel);
  Extractor extractor(TisPlan(), channel);
  ASSERT_TRUE(decoder
                  .Decode(R"({"payload":{"doctor":{"gmcReferenceNumber":"7","admin":"a"},
                               "gmcOutcome":"Approved"}})",
                          [&](const DecodedItem& item) { return extractor.Extract(item); })
                  .ok());
  std::vector<std::string> found;
  for (const EntityRow& row : extractor.rows()) {
    for (size_t i = 0; i < row.cells.size(); ++i) {
      if (row.cells[i].kind == Cell::Kind::kNull) continue;
      found.push_back(row.entity->name + "." + row.entity->fields[i].name + "=" +
                      row.cells[i].text);
    }
  }
  EXPECT_THAT(found, ElementsAre("doctor.gmcReferenceNumber=7", "admin.admin=a",
                                 "admin.gmcReferenceNumber=7", "outcome.gmcOutcome=Approved",
                                 "outcome.gmcReferenceNumber=7"));
}

TEST(Extractor, BlankJoinFieldIsNull) {
  const PlanChannel& channel = *TisPlan().FindChannel("tcs");
  Decoder decoder(channel);
  Extractor extractor(TisPlan(), channel);
  ASSERT_TRUE(decoder
                  .Decode(R"({"tcsPersonId":1,"gmcReferenceNumber":" \t","doctorLastName":" "})",
                          [&](const DecodedItem& item) { return extractor.Extract(item); })
                  .ok());
  const EntityRow& row = extractor.rows()[0];
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const bool has_value = row.cells[i].kind != Cell::Kind::kNull;
    const std::string& name = row.entity->fields[i].name;
    EXPECT_EQ(has_value, name == "tcsPersonId" || name == "doctorLastName") << name;
  }
}

}  // namespace
}  // namespace syncd
