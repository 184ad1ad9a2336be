#include "syncd/readmodel/field_values.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

namespace syncd {
namespace {

// The cell as text: `null`, `integer 5`, `text x`, or the error.
std::string Read(FieldType type, const std::string& text) {
  Cell cell;
  const absl::Status status = ReadField(boost::json::parse(text), type, {}, cell);
  if (!status.ok()) return std::string(status.message());
  if (cell.kind == Cell::Kind::kNull) return "null";
  if (cell.kind == Cell::Kind::kInteger) return "integer " + std::to_string(cell.integer);
  return "text " + cell.text;
}

TEST(FieldValues, NullAndEmptyListAreNullForEveryType) {
  for (const FieldType type : {FieldType::kText, FieldType::kKeyword, FieldType::kInteger,
                               FieldType::kBoolean, FieldType::kDate, FieldType::kDateTime}) {
    EXPECT_EQ(Read(type, "null"), "null");
    EXPECT_EQ(Read(type, "[]"), "null");
  }
}

TEST(FieldValues, Text) {
  EXPECT_EQ(Read(FieldType::kText, R"("Llŷr O’Neill")"), "text Llŷr O’Neill");
  EXPECT_EQ(Read(FieldType::kText, "\"\""), "text ");
  EXPECT_EQ(Read(FieldType::kText, "279"), "text 279");
  EXPECT_EQ(Read(FieldType::kText, "18446744073709551615"), "text 18446744073709551615");
  EXPECT_EQ(Read(FieldType::kText, "true"), "text true");
  EXPECT_EQ(Read(FieldType::kText, "{}"), "expected text, got object");
  EXPECT_EQ(Read(FieldType::kText, "[\"x\"]"), "expected text, got list");
}

TEST(FieldValues, NumberWithFractionIsTextAsWritten) {
  const std::string_view texts[] = {"1.50", "1e3"};
  Cell cell;
  ASSERT_TRUE(ReadField(boost::json::value(1.0), FieldType::kText, texts, cell).ok());
  EXPECT_EQ(cell.text, "1e3");
}

TEST(FieldValues, KeywordCountsUtf16Units) {
  const auto keyword = [](const std::string& text) {
    return Read(FieldType::kKeyword, boost::json::serialize(boost::json::value(text)));
  };
  const std::string ascii(256, 'x');
  EXPECT_EQ(keyword(ascii), "text " + ascii);
  EXPECT_EQ(keyword(ascii + "x"), "null");
  std::string accents;
  for (int i = 0; i < 256; ++i) accents += "é";
  EXPECT_EQ(keyword(accents), "text " + accents);
  std::string beyond_bmp;  // two units each
  for (int i = 0; i < 128; ++i) beyond_bmp += "𝔸";
  EXPECT_EQ(keyword(beyond_bmp), "text " + beyond_bmp);
  EXPECT_EQ(keyword(beyond_bmp + "x"), "null");
  EXPECT_EQ(keyword(""), "text ");
}

TEST(FieldValues, Integer) {
  EXPECT_EQ(Read(FieldType::kInteger, "7"), "integer 7");
  EXPECT_EQ(Read(FieldType::kInteger, "-7"), "integer -7");
  EXPECT_EQ(Read(FieldType::kInteger, "\"0042\""), "integer 42");
  EXPECT_EQ(Read(FieldType::kInteger, "9223372036854775807"), "integer 9223372036854775807");
  for (const char* text : {"9223372036854775808", "1.0", "true"}) {
    EXPECT_TRUE(Read(FieldType::kInteger, text).starts_with("expected integer")) << text;
  }
  for (const char* text : {"\"\"", "\"7x\"", "\" 7\"", "\"-7\"", "\"99999999999999999999\""}) {
    EXPECT_EQ(Read(FieldType::kInteger, text), "expected integer, got text") << text;
  }
}

TEST(FieldValues, Boolean) {
  EXPECT_EQ(Read(FieldType::kBoolean, "true"), "integer 1");
  EXPECT_EQ(Read(FieldType::kBoolean, "false"), "integer 0");
  EXPECT_EQ(Read(FieldType::kBoolean, "\"true\""), "integer 1");
  EXPECT_EQ(Read(FieldType::kBoolean, "\"false\""), "integer 0");
  EXPECT_EQ(Read(FieldType::kBoolean, "\"yes\""), "text yes");
  EXPECT_EQ(Read(FieldType::kBoolean, "1"), "text 1");
  EXPECT_EQ(Read(FieldType::kBoolean, "{}"), "expected boolean, got object");
}

TEST(FieldValues, DatesInEveryShape) {
  for (const char* text :
       {"[2022,7,4]", "[2022,7,4,9,30]", "\"2022-07-04\"", "\"2022-07-04T09:30:00\"",
        "\"2022-07-04 00:00:00\"", R"({"$date":"2022-07-04T00:00:00Z"})",
        R"({"$date":1656892800000})", R"({"$date":{"$numberLong":"1656892800000"}})"}) {
    EXPECT_EQ(Read(FieldType::kDate, text), "text 2022-07-04") << text;
  }
  for (const char* text : {"[2022,7,4,9,30]", "[2022,7,4,9,30,0]", "[2022,7,4,9,30,0,999]",
                           "\"2022-07-04T09:30:00\"", "\"2022-07-04 09:30:00.000\"",
                           R"({"$date":"2022-07-04T09:30:00Z"})", R"({"$date":1656927000000})"}) {
    EXPECT_EQ(Read(FieldType::kDateTime, text), "text 2022-07-04T09:30:00.000") << text;
  }
  EXPECT_EQ(Read(FieldType::kDate, R"({"$date":{"$numberLong":"-1"}})"), "text 1969-12-31");
  EXPECT_EQ(Read(FieldType::kDate, "1656892800000"), "text 1656892800000");
}

TEST(FieldValues, RefusesWhatIsNoDate) {
  for (const char* text : {"{}", R"({"date":"2022-07-04"})", R"({"$date":{}})",
                           R"({"$date":{"$numberLong":"x"}})", R"({"$date":null})"}) {
    EXPECT_EQ(Read(FieldType::kDate, text), "expected date, got object") << text;
  }
  EXPECT_EQ(Read(FieldType::kDateTime, "[2022,\"7\",4]"), "expected datetime, got list");
}

TEST(FieldValues, Blank) {
  EXPECT_TRUE(IsBlank(""));
  EXPECT_TRUE(IsBlank(" \t\r\n"));
  EXPECT_FALSE(IsBlank(" x "));
  EXPECT_FALSE(IsBlank("\u00a0"));
}

}  // namespace
}  // namespace syncd
