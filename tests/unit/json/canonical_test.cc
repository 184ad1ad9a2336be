#include "indexswap/json/canonical.h"

#include <gtest/gtest.h>

namespace indexswap {
namespace {

TEST(CanonicalJson, SortsKeysAtEveryDepthAndDropsWhiteSpace) {
  EXPECT_EQ(CanonicalJson("{ \"b\" : [ 1 , {\"d\":1,\"c\":2} ],\n \"a\" : null }").value(),
            R"({"a":null,"b":[1,{"c":2,"d":1}]})");
}

TEST(CanonicalJson, KeepsTheOrderOfLists) {
  EXPECT_EQ(CanonicalJson("[3, 1, 2]").value(), "[3,1,2]");
}

TEST(CanonicalJson, KeepsIntegersAsIntegers) {
  EXPECT_EQ(CanonicalJson("[18446744073709551615,-9223372036854775808,0]").value(),
            "[18446744073709551615,-9223372036854775808,0]");
}

TEST(CanonicalJson, TakesEscapesForTheCharactersThatTheyMean) {
  EXPECT_EQ(CanonicalJson(R"("\u00d3 S\u00fail")").value(), CanonicalJson("\"Ó Súil\"").value());
}

TEST(CanonicalJson, IsStable) {
  const std::string once = CanonicalJson(R"({"z":1.5,"y":"\n","x":true})").value();
  EXPECT_EQ(CanonicalJson(once).value(), once);
}

TEST(CanonicalJson, TheEmptyTextStaysEmpty) { EXPECT_EQ(CanonicalJson("").value(), ""); }

TEST(CanonicalJson, RefusesWhatIsNoJson) {
  for (const char* text : {"{", "nope", "{} {}", "{'a':1}", " "}) {
    EXPECT_EQ(CanonicalJson(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace indexswap
