#include "indexswap/json/content_hash.h"

#include <gtest/gtest.h>

namespace indexswap {
namespace {

bool Equal(ContentHash a, ContentHash b) { return a.low == b.low && a.high == b.high; }

TEST(ContentHash, IsTheSameForTheSame) {
  EXPECT_TRUE(Equal(HashContent("f", "1", "{}"), HashContent("f", "1", "{}")));
}

TEST(ContentHash, DependsOnEachPart) {
  const ContentHash hash = HashContent("f", "1", "{}");
  EXPECT_FALSE(Equal(hash, HashContent("g", "1", "{}")));
  EXPECT_FALSE(Equal(hash, HashContent("f", "2", "{}")));
  EXPECT_FALSE(Equal(hash, HashContent("f", "1", "[]")));
}

TEST(ContentHash, KnowsWhereOnePartEnds) {
  EXPECT_FALSE(Equal(HashContent("ab", "c", "{}"), HashContent("a", "bc", "{}")));
  EXPECT_FALSE(Equal(HashContent("a", "b1", "2"), HashContent("a", "b", "12")));
}

TEST(ContentHash, FillsBothHalves) {
  const ContentHash hash = HashContent("f", "1", "{}");
  EXPECT_NE(hash.low, 0u);
  EXPECT_NE(hash.high, 0u);
  EXPECT_NE(hash.low, hash.high);
}

}  // namespace
}  // namespace indexswap
