#include "indexswap/json/meta_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace indexswap {
namespace {

using ::testing::HasSubstr;

GenerationMeta Full() {
  GenerationMeta meta;
  meta.release = "tis";
  meta.generation = 13;
  meta.build_id = "abc";
  meta.state = BuildState::kSealed;
  meta.replaces = 12;
  meta.plan_hash = "hash";
  meta.families = {"docs", "notes"};
  meta.aliases = {{"open", "docs", R"({"term":{"name":"Ó \"Súil\""}})", true},
                  {"all", "notes", "", false}};
  meta.documents = {{"docs", 18446744073709551615u}, {"notes", 0}};
  meta.digest = "00ff";
  meta.gates = {{"shrink", true, true, "10 -> 1"}, {"health", false, false, "red"}};
  meta.created_at = "2026-01-01T00:00:00Z";
  meta.sealed_at = "2026-01-01T00:01:00Z";
  meta.promoted_at = "2026-01-01T00:02:00Z";
  meta.reason = "why\n";
  meta.adopted = Adoption{
      {{"open", {{"docs", R"({"script":{"source":"doc['a'].value != doc['b'].value"}})", "{}"}}},
       {"all", {{"notes_1", ""}, {"notes_2", "", R"({"is_write_index":true})"}}}},
      {{"docs", "uuid", 1234, 5678}, {"notes_1", "", 0, 0}}};
  return meta;
}

std::string Replace(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from << " in " << text;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// As an older program writes it.
TEST(MetaCodec, WithoutAnAdoptionThereIsNone) {
  GenerationMeta meta = Full();
  meta.adopted.reset();
  const std::string text = EncodeMeta(meta);
  EXPECT_EQ(text.find("adopted"), std::string::npos);
  EXPECT_EQ(DecodeMeta(text)->adopted, std::nullopt);
  EXPECT_THAT(std::string(DecodeMeta(Replace(EncodeMeta(Full()), R"("uuid":"uuid")", R"("uuid":1)"))
                              .status()
                              .message()),
              HasSubstr("_meta.adopted.indexes"));
}

TEST(MetaCodec, EveryFieldComesBack) {
  const GenerationMeta meta = Full();
  const auto back = DecodeMeta(EncodeMeta(meta));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->format, 1);
  EXPECT_EQ(back->release, meta.release);
  EXPECT_EQ(back->generation, meta.generation);
  EXPECT_EQ(back->build_id, meta.build_id);
  EXPECT_EQ(back->state, meta.state);
  EXPECT_EQ(back->replaces, meta.replaces);
  EXPECT_EQ(back->plan_hash, meta.plan_hash);
  EXPECT_EQ(back->families, meta.families);
  ASSERT_EQ(back->aliases.size(), 2u);
  EXPECT_EQ(back->aliases[0].name, "open");
  EXPECT_EQ(back->aliases[0].family, "docs");
  EXPECT_EQ(back->aliases[0].filter, meta.aliases[0].filter);
  EXPECT_TRUE(back->aliases[0].may_be_empty);
  EXPECT_FALSE(back->aliases[1].may_be_empty);
  EXPECT_EQ(back->documents, meta.documents);
  EXPECT_EQ(back->digest, meta.digest);
  EXPECT_EQ(back->gates, meta.gates);
  EXPECT_EQ(back->adopted, meta.adopted);
  EXPECT_EQ(back->created_at, meta.created_at);
  EXPECT_EQ(back->sealed_at, meta.sealed_at);
  EXPECT_EQ(back->promoted_at, meta.promoted_at);
  EXPECT_EQ(back->reason, meta.reason);
}

TEST(MetaCodec, EveryStateComesBackAndNothingReplacedStaysNothing) {
  for (const BuildState state :
       {BuildState::kBuilding, BuildState::kSealed, BuildState::kAbandoned}) {
    GenerationMeta meta = Full();
    meta.state = state;
    meta.replaces.reset();
    const auto back = DecodeMeta(EncodeMeta(meta));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->state, state);
    EXPECT_FALSE(back->replaces.has_value());
  }
}

TEST(MetaCodec, ANewerFormatAsksForANewerProgram) {
  for (const char* format : {"2", "4294967297"}) {  // the second is 1 in 32 bits
    const std::string text =
        Replace(EncodeMeta(Full()), "\"format\":1", std::string("\"format\":") + format);
    const absl::Status status = DecodeMeta(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("newer"));
  }
  // Even where nothing else is as it was.
  EXPECT_EQ(DecodeMeta(R"({"format":2})").status().code(), absl::StatusCode::kUnimplemented);
}

absl::StatusOr<std::string> RenameSealed(std::string_view text) {
  return Replace(std::string(text), "sealed_at_s", "sealed_at");
}

absl::StatusOr<std::string> RenameRelease(std::string_view text) {
  return Replace(std::string(text), "team", "release");
}

TEST(MetaCodec, AnOlderFormatIsBroughtUpStepByStep) {
  // As if two formats ago these had had other names.
  std::string text = Replace(EncodeMeta(Full()), "\"sealed_at\"", "\"sealed_at_s\"");
  text = Replace(text, "\"release\"", "\"team\"");
  EXPECT_FALSE(DecodeMeta(text).ok());
  const auto read = DecodeMeta(text, {RenameSealed, RenameRelease});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->release, Full().release);
  EXPECT_EQ(read->sealed_at, Full().sealed_at);
  EXPECT_EQ(read->format, 3) << "as it is written from now on";
  text = Replace(EncodeMeta(Full()), "\"release\"", "\"team\"");
  text = Replace(text, "\"format\":1", "\"format\":2");
  EXPECT_TRUE(DecodeMeta(text, {RenameSealed, RenameRelease}).ok()) << "the first is not for it";
}

TEST(MetaCodec, ALeaseOfANewerProgramIsToldFromOneThatMakesNoSense) {
  const std::string lease = EncodeLease({});
  EXPECT_TRUE(
      absl::IsUnimplemented(DecodeLease(Replace(lease, "\"format\":1", "\"format\":2")).status()));
  EXPECT_TRUE(DecodeLease(Replace(lease, "\"format\":1,", "")).ok()) << "before it had one";
  EXPECT_TRUE(absl::IsInvalidArgument(
      DecodeLease(Replace(lease, "\"format\":1", "\"format\":\"x\"")).status()));
}

struct Malformed {
  const char* from;
  const char* to;
  const char* message;
};

class MalformedMeta : public ::testing::TestWithParam<Malformed> {};

TEST_P(MalformedMeta, IsRefusedByName) {
  const auto [from, to, message] = GetParam();
  const absl::Status status = DecodeMeta(Replace(EncodeMeta(Full()), from, to)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(message));
}

INSTANTIATE_TEST_SUITE_P(
    Each, MalformedMeta,
    ::testing::Values(Malformed{"\"format\":1", "\"format\":\"1\"", "format"},
                      Malformed{"\"release\":\"tis\"", "\"release\":7", "release"},
                      Malformed{"\"generation\":13", "\"generation\":-13", "generation"},
                      Malformed{"\"generation\":13", "\"generation\":1.5", "generation"},
                      Malformed{"\"build_id\":\"abc\",", "", "build_id"},
                      Malformed{"\"sealed\"", "\"seeled\"", "seeled"},
                      Malformed{"\"replaces\":12", "\"replaces\":\"12\"", "replaces"},
                      Malformed{"[\"docs\",\"notes\"]", "\"docs\"", "families"},
                      Malformed{"[\"docs\",\"notes\"]", "[1]", "a family is no text"},
                      Malformed{"\"may_be_empty\":true", "\"may_be_empty\":1", "may_be_empty"},
                      Malformed{"\"family\":\"docs\",", "", "family"},
                      Malformed{"\"gates\":[", "\"gates\":[3,", "gates"},
                      Malformed{"\"overridden\":true", "\"overridden\":null", "overridden"},
                      Malformed{"\"notes\":0", "\"notes\":\"0\"", "notes"},
                      Malformed{"\"digest\":\"00ff\"", "\"digest\":[]", "digest"}));

TEST(MetaCodec, WhatIsNoObjectIsRefused) {
  for (const char* text : {"", "{", "[]", "7", "null"}) {
    EXPECT_EQ(DecodeMeta(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(DecodeLease(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(LeaseCodec, EveryFieldComesBack) {
  const LeaseRecord record{{"host", 4711, "127.0.0.1:8088", "state", "id"}, 5, 6, 7, true};
  const auto back = DecodeLease(EncodeLease(record));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->owner.host, "host");
  EXPECT_EQ(back->owner.pid, 4711);
  EXPECT_EQ(back->owner.address, "127.0.0.1:8088");
  EXPECT_EQ(back->owner.state_id, "state");
  EXPECT_EQ(back->owner.id, "id");
  EXPECT_EQ(back->beat, 5u);
  EXPECT_EQ(back->journal_position, 6u);
  EXPECT_EQ(back->highest_generation, 7u);
  EXPECT_TRUE(back->free);
}

TEST(LeaseCodec, AMissingFieldIsNamed) {
  const std::string text = Replace(EncodeLease({}), "\"beat\":0,", "");
  EXPECT_THAT(std::string(DecodeLease(text).status().message()), HasSubstr("beat"));
}

}  // namespace
}  // namespace indexswap
