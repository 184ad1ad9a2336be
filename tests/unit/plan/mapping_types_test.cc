#include "syncd/plan/mapping_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace syncd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(MappingTypes, ReadsTheTopLevelOnly) {
  const auto types = ReadMappingTypes(R"({"dynamic": "false", "properties": {
      "id": {"type": "long"},
      "name": {"type": "text", "fields": {"keyword": {"type": "keyword"}}},
      "parts": {"type": "nested", "properties": {"size": {"type": "long"}}},
      "place": {"properties": {"town": {"type": "text"}}}}})");
  ASSERT_TRUE(types.ok()) << types.status();
  EXPECT_THAT(*types, ElementsAre(Pair("id", "long"), Pair("name", "text"), Pair("parts", "nested"),
                                  Pair("place", "object")));
}

TEST(MappingTypes, RefusesWhatIsNoMapping) {
  EXPECT_THAT(std::string(ReadMappingTypes("{\n\n,}").status().message()), HasSubstr("3: "));
  EXPECT_THAT(std::string(ReadMappingTypes("[]").status().message()), HasSubstr("properties"));
  EXPECT_THAT(std::string(ReadMappingTypes("{}").status().message()), HasSubstr("properties"));
  EXPECT_THAT(
      std::string(ReadMappingTypes(R"({"properties":{"id":{"typ":"long"}}})").status().message()),
      HasSubstr("properties.id"));
}

}  // namespace
}  // namespace syncd
