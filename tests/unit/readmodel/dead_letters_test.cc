#include "syncd/readmodel/dead_letters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "test_model.h"

namespace syncd {
namespace {

using ::testing::HasSubstr;

DeadLetter Refused(const std::string& id) {
  DeadLetter letter;
  letter.kind = DeadLetter::Kind::kRefused;
  letter.reason = "failed to parse field [membershipEndDate]";
  letter.body = "{\"membershipEndDate\":\"2022-13-04\"}";
  letter.family = "masterdoctorindex";
  letter.document_id = id;
  return letter;
}

TEST(DeadLetters, KeepsWhatItIsGiven) {
  TestModel model;
  DeadLetters& letters = model.file().dead_letters();
  ASSERT_TRUE(letters.Add(Refused("7:1")).ok());
  const auto letter = letters.Get(1);
  ASSERT_TRUE(letter.ok()) << letter.status();
  EXPECT_EQ(letter->kind, DeadLetter::Kind::kRefused);
  EXPECT_EQ(letter->family, "masterdoctorindex");
  EXPECT_EQ(letter->document_id, "7:1");
  EXPECT_EQ(letter->body, Refused("").body);
  EXPECT_EQ(letter->channel, "");
  EXPECT_GT(letter->time_ms, 1600000000000);
}

TEST(DeadLetters, ListsInPages) {
  TestModel model;
  DeadLetters& letters = model.file().dead_letters();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(letters.Add(Refused(std::to_string(i))).ok());
  const auto page = letters.List(2, 2);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->size(), 2u);
  EXPECT_EQ((*page)[0].id, 3);
  EXPECT_EQ((*page)[0].document_id, "2");
  EXPECT_EQ((*page)[1].id, 4);
  EXPECT_EQ((*page)[0].body, "");
  EXPECT_EQ(letters.Count().value(), 5);
}

TEST(DeadLetters, DropForgetsOne) {
  TestModel model;
  DeadLetters& letters = model.file().dead_letters();
  ASSERT_TRUE(letters.Add(Refused("a")).ok());
  ASSERT_TRUE(letters.Add(Refused("b")).ok());
  EXPECT_TRUE(letters.Drop(1).ok());
  EXPECT_TRUE(absl::IsNotFound(letters.Drop(1)));
  EXPECT_TRUE(absl::IsNotFound(letters.Get(1).status()));
  EXPECT_TRUE(letters.Get(2).ok());
}

TEST(DeadLetters, CutsALongBodyAndSaysSo) {
  TestModel model;
  std::string body(DeadLetters::kBodyBytesMax - 1, 'x');
  body += "éé";  // the limit is within the first of them
  model.Put("tcs", body);
  const auto letter = model.file().dead_letters().Get(1);
  ASSERT_TRUE(letter.ok());
  EXPECT_EQ(letter->body, std::string(DeadLetters::kBodyBytesMax - 1, 'x'));
  EXPECT_THAT(letter->reason, HasSubstr("body cut: 1048576 of 1048579 bytes kept"));
}

}  // namespace
}  // namespace syncd
