#include "syncd/readmodel/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PlanChannel Channel(const std::string& items) {
  PlanChannel channel;
  channel.name = "c";
  channel.items = items;
  channel.has_end = true;
  channel.end.field = "syncEnd";
  channel.end.count = "total";
  return channel;
}

struct Decoded {
  absl::StatusOr<Envelope> envelope = Envelope();
  std::vector<std::string> items;  // `path=json`
};

Decoded Decode(const PlanChannel& channel, std::string_view body) {
  Decoded decoded;
  Decoder decoder(channel);
  decoded.envelope = decoder.Decode(body, [&](const DecodedItem& item) {
    decoded.items.push_back(item.Path() + "=" + boost::json::serialize(item.value));
    return absl::OkStatus();
  });
  return decoded;
}

TEST(Decoder, BodyIsTheItem) {
  const Decoded decoded = Decode(Channel(""), R"( {"a": {"b": [1, null]}, "syncEnd": false} )");
  ASSERT_TRUE(decoded.envelope.ok()) << decoded.envelope.status();
  EXPECT_THAT(decoded.items, ElementsAre(R"(={"a":{"b":[1,null]},"syncEnd":false})"));
  EXPECT_FALSE(decoded.envelope->ends);
  EXPECT_TRUE(Decode(Channel(""), R"({"syncEnd":true,"a":null})").envelope->ends);
  EXPECT_EQ(Decode(Channel(""), R"({"total":7,"syncEnd":true})").envelope->expected, 7u);
}

TEST(Decoder, OneItemInAnEnvelope) {
  const Decoded decoded = Decode(Channel("payload"), R"({"syncEnd":false,"payload":{"a":"x"}})");
  EXPECT_THAT(decoded.items, ElementsAre(R"(payload={"a":"x"})"));
  EXPECT_FALSE(decoded.envelope->ends);
}

TEST(Decoder, ListOfItemsOfEveryKind) {
  const Decoded decoded =
      Decode(Channel("payload"), R"({"payload" : [ {"a":[{"payload":1}]}, null, 5, "x", [[]], {} ],
                                     "other": {"payload": [1], "syncEnd": true}})");
  EXPECT_THAT(decoded.items,
              ElementsAre(R"(payload[0]={"a":[{"payload":1}]})", "payload[1]=null", "payload[2]=5",
                          "payload[3]=\"x\"", "payload[4]=[[]]", "payload[5]={}"));
  EXPECT_EQ(decoded.envelope->items, 6u);
  EXPECT_FALSE(decoded.envelope->ends);  // that of the inner object is not the message's
}

TEST(Decoder, EndMarkers) {
  for (const char* body : {R"({"payload":[],"syncEnd":true})", R"({"payload":null,"syncEnd":true})",
                           R"({"syncEnd":true})", R"({"syncEnd":true,"payload":null})",
                           "{\n  \"syncEnd\" : true\n}", R"({"s\u0079ncEnd":true})"}) {
    const Decoded decoded = Decode(Channel("payload"), body);
    ASSERT_TRUE(decoded.envelope.ok()) << body;
    EXPECT_TRUE(decoded.envelope->ends) << body;
    EXPECT_THAT(decoded.items, IsEmpty()) << body;
  }
  for (const char* body : {R"({"payload":null})", R"({"syncEnd":"true"})", R"({"syncEnd":1})",
                           R"({"payload":[],"syncEnd":false})", R"({"syncEnd":null})", "{}"}) {
    EXPECT_FALSE(Decode(Channel("payload"), body).envelope->ends) << body;
  }
}

TEST(Decoder, MarkerWithDataAndCount) {
  const Decoded decoded =
      Decode(Channel("payload"), R"({"total":2,"payload":[{"a":1},{"a":2}],"syncEnd":true})");
  EXPECT_TRUE(decoded.envelope->ends);
  EXPECT_EQ(decoded.envelope->expected, 2u);
  EXPECT_EQ(decoded.items.size(), 2u);
}

TEST(Decoder, MarkerValueMayBeText) {
  PlanChannel channel = Channel("payload");
  channel.end.value = "\"LAST\"";
  EXPECT_TRUE(Decode(channel, R"({"syncEnd":"LAST"})").envelope->ends);
  EXPECT_FALSE(Decode(channel, R"({"syncEnd":true})").envelope->ends);
}

TEST(Decoder, KeepsUnicodeAndEscapes) {
  const Decoded decoded =
      Decode(Channel("payload"), R"({"payload":[{"n\u0061me":"\u00d3 S\u00fa\"\n\ud835\udd38"}]})");
  EXPECT_THAT(decoded.items, ElementsAre("payload[0]={\"name\":\"Ó Sú\\\"\\n𝔸\"}"));
}

TEST(Decoder, BrokenBodyHandsNothingOn) {
  for (const char* body :
       {"", "   ", "{", R"({"payload":[{"a":1},{"a":2)", R"({"payload":[{"a":1}]} x)",
        R"({"payload":[{"a":1},]})", "{'a':1}", "\"\xff\"", R"({"a":"\ud800"})", "nul"}) {
    const Decoded decoded = Decode(Channel("payload"), body);
    EXPECT_TRUE(absl::IsInvalidArgument(decoded.envelope.status())) << body;
    EXPECT_THAT(std::string(decoded.envelope.status().message()), HasSubstr("not JSON")) << body;
    EXPECT_THAT(decoded.items, IsEmpty()) << body;
  }
}

TEST(Decoder, EnvelopeMustBeAnObject) {
  for (const char* body : {"[]", "[{\"payload\":[{}]}]", "\"x\"", "null", "7"}) {
    const Decoded decoded = Decode(Channel("payload"), body);
    EXPECT_TRUE(absl::IsInvalidArgument(decoded.envelope.status())) << body;
    EXPECT_THAT(decoded.items, IsEmpty()) << body;
  }
}

TEST(Decoder, IsReadyAgainAfterAnError) {
  const PlanChannel channel = Channel("payload");
  Decoder decoder(channel);
  const auto ok = [](const DecodedItem&) { return absl::OkStatus(); };
  const auto fail = [](const DecodedItem&) { return absl::UnavailableError("disk"); };
  EXPECT_TRUE(absl::IsUnavailable(decoder.Decode(R"({"payload":[{},{}]})", fail).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(decoder.Decode("{", ok).status()));
  const auto envelope = decoder.Decode(R"({"payload":[{},{}]})", ok);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->items, 2u);
}

TEST(Decoder, NumbersKeepTheirText) {
  const PlanChannel channel = Channel("payload");
  Decoder decoder(channel);
  std::vector<std::string> texts;
  const auto envelope =
      decoder.Decode(R"({"payload":[{"a":1.50,"b":[2e3]},{"c":-0.10}]})", [&](const auto& item) {
        for (const std::string_view text : item.numbers) texts.emplace_back(text);
        return absl::OkStatus();
      });
  ASSERT_TRUE(envelope.ok());
  EXPECT_THAT(texts, ElementsAre("1.50", "2e3", "-0.10"));
}

TEST(Decoder, ItemAsABodyOfItsOwn) {
  const PlanChannel channel = Channel("payload");
  Decoder decoder(channel);
  std::vector<std::string> bodies;
  ASSERT_TRUE(decoder
                  .Decode(R"({"payload":[{"a":1.5,"b":[{"c":2.25}]},7]})",
                          [&](const DecodedItem& item) {
                            bodies.push_back(item.ToBody());
                            return absl::OkStatus();
                          })
                  .ok());
  EXPECT_THAT(bodies,
              ElementsAre(R"({"payload":{"a":1.5E0,"b":[{"c":2.25E0}]}})", R"({"payload":7})"));
}

// A batch of the size that senders use, indented as they may do.
TEST(Decoder, BatchNeedsNoMoreMemoryThanItsItems) {
  std::string body = "{\n  \"payload\" : [";
  for (int i = 0; i < 9000; ++i) {
    body += (i == 0 ? "" : ",") + std::string("\n    {\n      \"doctor\" : {\n        \"n\" : \"") +
            std::to_string(i) + std::string(500, ' ') + "\"\n      }\n    }";
  }
  body += "\n  ],\n  \"syncEnd\" : false\n}\n";
  const PlanChannel channel = Channel("payload");
  Decoder decoder(channel);
  size_t items = 0;
  size_t most = 0;
  const size_t before = mallinfo2().uordblks;
  const auto envelope = decoder.Decode(body, [&](const DecodedItem& item) {
    EXPECT_EQ(item.index, items);
    ++items;
    most = std::max<size_t>(most, mallinfo2().uordblks);
    return absl::OkStatus();
  });
  ASSERT_TRUE(envelope.ok()) << envelope.status();
  EXPECT_EQ(items, 9000u);
  EXPECT_LT(most, before + 256 * 1024) << "of a body of " << body.size();
}

}  // namespace
}  // namespace syncd
