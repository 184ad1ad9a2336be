#include "indexswap/query/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace indexswap {
namespace {

using ::testing::HasSubstr;

ParsedMapping Parse(std::string_view mappings) {
  absl::StatusOr<ParsedMapping> mapping = ParsedMapping::Parse(mappings);
  EXPECT_TRUE(mapping.ok()) << mapping.status();
  return mapping.ok() ? *std::move(mapping) : ParsedMapping::Parse("").value();
}

// Whether a field of `type` (and further parameters) takes the JSON `value`.
bool Takes(const std::string& type, const std::string& value) {
  return Parse(R"({"properties":{"f":{"type":)" + type + "}}}")
      .Check(R"({"f":)" + value + "}")
      .ok();
}

TEST(ParsedMapping, UnknownTypesParametersAndFormatsAreRefusedByName) {
  const auto refusal = [](std::string_view mappings) {
    absl::StatusOr<ParsedMapping> mapping = ParsedMapping::Parse(mappings);
    EXPECT_EQ(mapping.status().code(), absl::StatusCode::kInvalidArgument) << mappings;
    return std::string(mapping.status().message());
  };
  EXPECT_THAT(refusal(R"({"properties":{"a":{"properties":{"b":{"type":"lnog"}}}}})"),
              HasSubstr("[a.b] has the type `lnog`"));
  EXPECT_THAT(refusal(R"({"properties":{"a":{"type":"date","format":"quux"}}})"),
              HasSubstr("`quux`"));
  EXPECT_THAT(refusal(R"({"properties":{"a":{"type":"text","ignore_above":1}}})"),
              HasSubstr("`ignore_above`"));
  EXPECT_THAT(refusal(R"({"propertise":{}})"), HasSubstr("`propertise`"));
  EXPECT_THAT(refusal(R"({"dynamic":"sometimes"})"), HasSubstr("dynamic"));
  refusal("[]");
  refusal("{");
  refusal(R"({"properties":{"a":{}}})");
  refusal(R"({"properties":{"a.b":{"type":"long"}}})");
}

TEST(ParsedMapping, ParametersOfSearchMakeNoDifference) {
  Parse(R"({"dynamic":false,"_source":{"enabled":true},"properties":{
    "a":{"type":"text","fielddata":true,"analyzer":"standard","norms":false,
         "fields":{"keyword":{"type":"keyword","ignore_above":256}}},
    "b":{"type":"long","index":false,"doc_values":false}}})");
}

TEST(Check, WholeNumbersAreCoercedAsTheServersDo) {
  for (const char* value : {"12", "-12", "\"12\"", "\"-12\"", "1.5", "\"1.5\"", "1e2", "\"1e2\"",
                            "\"\"", "null", "[1,\"2\",null]", "127.9", "\" 12 \""}) {
    EXPECT_TRUE(Takes(R"("byte")", value)) << value;
    EXPECT_TRUE(Takes(R"("long")", value)) << value;
  }
  for (const char* value : {"\"abc\"", "\"12x\"", "true", "{}", "\"1 2\"", "\" \"", "[[\"x\"]]",
                            "\"NaN\"", "\"+-1\"", "\"+\""}) {
    EXPECT_FALSE(Takes(R"("long")", value)) << value;
  }
  EXPECT_FALSE(Takes(R"("long","coerce":false)", "\"12\""));
  EXPECT_FALSE(Takes(R"("long","coerce":false)", "1.5"));
  EXPECT_TRUE(Takes(R"("long","coerce":false)", "12"));
}

TEST(Check, WholeNumbersHaveTheirRange) {
  EXPECT_TRUE(Takes(R"("byte")", "127") && Takes(R"("byte")", "-128"));
  EXPECT_FALSE(Takes(R"("byte")", "128") || Takes(R"("byte")", "\"-129\""));
  EXPECT_TRUE(Takes(R"("short")", "32767"));
  EXPECT_FALSE(Takes(R"("short")", "32768"));
  EXPECT_TRUE(Takes(R"("integer")", "2147483647"));
  EXPECT_FALSE(Takes(R"("integer")", "2147483648") || Takes(R"("integer")", "-2147483649"));
  EXPECT_TRUE(Takes(R"("long")", "9223372036854775807"));
  EXPECT_TRUE(Takes(R"("long")", "\"-9223372036854775808\""));
  EXPECT_FALSE(Takes(R"("long")", "9223372036854775808"));
  EXPECT_FALSE(Takes(R"("long")", "\"9223372036854775808\"") || Takes(R"("long")", "1e30"));
}

TEST(Check, RealNumbersAreFinite) {
  EXPECT_TRUE(Takes(R"("double")", "1e300") && Takes(R"("float")", "1e30"));
  EXPECT_FALSE(Takes(R"("float")", "1e300") || Takes(R"("double")", "1e400"));
  EXPECT_FALSE(Takes(R"("double")", "\"Infinity\"") || Takes(R"("double")", "\"nan\""));
  EXPECT_TRUE(Takes(R"("double")", "\"1.5e3\"") && Takes(R"("float")", "\"\""));
}

TEST(Check, BooleansAreTrueFalseOrTheirTexts) {
  for (const char* value : {"true", "false", "\"true\"", "\"false\"", "\"\"", "null", "[true]"}) {
    EXPECT_TRUE(Takes(R"("boolean")", value)) << value;
  }
  for (const char* value : {"\"yes\"", "1", "0", "\"True\"", "{}", "\" true\""}) {
    EXPECT_FALSE(Takes(R"("boolean")", value)) << value;
  }
}

TEST(Check, DatesAreReadInTheirFormatNumbersToo) {
  EXPECT_TRUE(Takes(R"("date")", "1700000000000") && Takes(R"("date")", "\"2024-01-01\""));
  EXPECT_TRUE(Takes(R"("date")", "2024"));
  EXPECT_FALSE(Takes(R"("date")", "true") || Takes(R"("date")", "\"\""));
  EXPECT_FALSE(Takes(R"("date","format":"uuuu-MM-dd")", "1700000000000"));
  EXPECT_FALSE(Takes(R"("date","format":"uuuu-MM-dd")", "[\"2024-01-01\",\"2024-02-30\"]"));
  EXPECT_TRUE(Takes(R"("date","format":"uuuu-MM-dd","ignore_malformed":true)", "\"x\""));
}

TEST(Check, TextsAndKeywordsTakeScalars) {
  for (const char* type : {R"("text")", R"("keyword")"}) {
    EXPECT_TRUE(Takes(type, "12") && Takes(type, "true") && Takes(type, "[\"a\",[\"b\"]]"));
    EXPECT_FALSE(Takes(type, "{}") || Takes(type, "[{\"a\":1}]"));
  }
  const std::string immense = "\"" + std::string(32767, 'x') + "\"";
  EXPECT_FALSE(Takes(R"("keyword")", immense));
  EXPECT_TRUE(Takes(R"("keyword","ignore_above":256)", immense));
  EXPECT_TRUE(Takes(R"("text")", immense));
  EXPECT_FALSE(Takes(R"("text","fields":{"n":{"type":"long"}})", "\"x\""));
}

TEST(Check, ObjectsAndNestedTakeObjects) {
  for (const char* type : {"object", "nested"}) {
    const std::string mapping =
        std::string("\"") + type + R"(","properties":{"a":{"type":"long"}})";
    EXPECT_TRUE(Takes(mapping, R"({"a":1})") && Takes(mapping, R"([{"a":1},null,{"a":[2]}])"));
    EXPECT_FALSE(Takes(mapping, "\"x\"") || Takes(mapping, "[1]") ||
                 Takes(mapping, R"({"a":"x"})"));
  }
  EXPECT_TRUE(Takes(R"("object","enabled":false)", R"({"a":{"b":["x",{}]}})"));
}

TEST(Check, UnmappedFieldsFollowDynamic) {
  const std::string properties = R"("properties":{"o":{"type":"object","dynamic":"strict"}}})";
  EXPECT_TRUE(Parse("{" + properties).Check(R"({"x":{"y":1}})").ok());
  EXPECT_TRUE(Parse(R"({"dynamic":"false",)" + properties).Check(R"({"x":1})").ok());
  const ParsedMapping strict = Parse(R"({"dynamic":"strict",)" + properties);
  EXPECT_THAT(std::string(strict.Check(R"({"x":1})").message()), HasSubstr("[x] within [_doc]"));
  EXPECT_THAT(std::string(Parse("{" + properties).Check(R"({"o":{"x":1}})").message()),
              HasSubstr("[x] within [o]"));
}

TEST(Check, KeysWithDotsArePaths) {
  const ParsedMapping mapping = Parse(
      R"({"dynamic":"strict","properties":{"o":{"properties":{"n":{"type":"long"}}},
          "s":{"type":"long"},"list":{"type":"nested","properties":{"n":{"type":"long"}}}}})");
  EXPECT_TRUE(mapping.Check(R"({"o.n":1})").ok());
  EXPECT_FALSE(mapping.Check(R"({"o.n":"x"})").ok());
  EXPECT_FALSE(mapping.Check(R"({"o.m":1})").ok());
  EXPECT_FALSE(mapping.Check(R"({"s.x":1})").ok());
  EXPECT_FALSE(mapping.Check(R"({"list.n":1})").ok());
}

TEST(Check, ReasonNamesFieldTypeAndValue) {
  const ParsedMapping mapping =
      Parse(R"({"properties":{"o":{"properties":{"day":{"type":"date","format":"uuuu-MM-dd"}}}}})");
  const std::string reason(mapping.Check(R"({"o":{"day":"31.12.2024"}})").message());
  EXPECT_THAT(reason, HasSubstr("[o.day]"));
  EXPECT_THAT(reason, HasSubstr("[date]"));
  EXPECT_THAT(reason, HasSubstr("uuuu-MM-dd"));
  EXPECT_THAT(reason, HasSubstr("31.12.2024"));
  const std::string shape(mapping.Check(R"({"o":{"day":{"$date":1}}})").message());
  EXPECT_THAT(shape, HasSubstr("an object"));
}

TEST(Check, DocumentsAreJsonObjectsOfAnyDepth) {
  const ParsedMapping mapping = Parse("");
  EXPECT_FALSE(mapping.Check("").ok());
  EXPECT_FALSE(mapping.Check("[]").ok());
  EXPECT_FALSE(mapping.Check("{\"a\":1").ok());
  EXPECT_FALSE(mapping.Check("{\"a\":\"\xff\"}").ok());
  std::string deep = "1";
  for (int i = 0; i < 400; ++i) deep = R"({"a":[)" + deep + "]}";
  EXPECT_TRUE(mapping.Check(deep).ok());
}

}  // namespace
}  // namespace indexswap
