// Aliases: all or nothing, what a filter selects, what is refused.
#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/names.h>

#include "indexswap/json/canonical.h"
#include "indexswap/testing/store_contract.h"

namespace indexswap::testing {
namespace {

using absl::StatusCode;

TEST_P(StoreContract, AliasIsAddedMovedAndRemoved) {
  Fence fence = Lead(1);
  std::string first = CreateMaster(fence, 1);
  std::string second = CreateMaster(fence, 2);
  std::string alias = Unique("reader");
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(alias, first)}).ok());
  EXPECT_EQ(TargetOf(alias), first);
  ASSERT_TRUE(store_->UpdateAliases(fence, {Remove(alias, first), Add(alias, second)}).ok());
  EXPECT_EQ(TargetOf(alias), second);
  ASSERT_TRUE(store_->UpdateAliases(fence, {Remove(alias, second)}).ok());
  EXPECT_EQ(TargetOf(alias), "");
  EXPECT_EQ(store_->Count(alias, "").status().code(), StatusCode::kNotFound);
}

TEST_P(StoreContract, SeveralAliasesMoveInOneRequest) {
  Fence fence = Lead(1);
  std::string first = CreateMaster(fence, 1);
  std::string second = CreateMaster(fence, 2);
  std::string all = Unique("all");
  std::string live = Unique("Live");  // aliases may have upper case
  const std::string filter = R"({"term":{"live":true}})";
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(all, first), Add(live, first, filter)}).ok());
  ASSERT_TRUE(store_
                  ->UpdateAliases(fence, {Remove(all, first), Add(all, second), Remove(live, first),
                                          Add(live, second, filter)})
                  .ok());
  StoreState state = ReadState({all, live});
  EXPECT_EQ(state.aliases, (AliasTable{{all, {{second, ""}}}, {live, {{second, filter}}}}));
}

TEST_P(StoreContract, AddingAnAliasAgainReplacesItsFilter) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  std::string alias = Unique("reader");
  Write(fence, {Put(index, "a", 1, R"({"live":true})"), Put(index, "b", 1, R"({"live":false})")});
  ASSERT_TRUE(store_->Refresh(index).ok());
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(alias, index)}).ok());
  EXPECT_EQ(CountOf(alias), 2);
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(alias, index, R"({"term":{"live":true}})")}).ok());
  EXPECT_EQ(CountOf(alias), 1);
  StoreState state = ReadState({alias});
  ASSERT_EQ(state.aliases[alias].size(), 1u);
  EXPECT_EQ(state.aliases[alias][0].filter, R"({"term":{"live":true}})");
}

TEST_P(StoreContract, FilterIsReadBackInCanonicalForm) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  std::string alias = Unique("reader");
  const std::string filter =
      R"({ "bool" : {"must_not": [{"exists": {"field": "day"}}],
           "filter": {"range": {"count": {"lt": 10, "gte": 1}}}} })";
  absl::Status added = store_->UpdateAliases(fence, {Add(alias, index, filter)});
  ASSERT_TRUE(added.ok()) << added;
  EXPECT_EQ(ReadState({alias}).aliases[alias][0].filter, CanonicalJson(filter).value());
}

TEST_P(StoreContract, AliasesOfOnesOwnIndexesAreReadUnasked) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  std::string alias = Unique("handmade");
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(alias, index)}).ok());
  EXPECT_EQ(ReadState().aliases, (AliasTable{{alias, {{index, ""}}}}));
}

TEST_P(StoreContract, FailingActionLeavesAllAliasesAsTheyWere) {
  Fence fence = Lead(1);
  std::string first = CreateMaster(fence, 1);
  std::string second = CreateMaster(fence, 2);
  std::string alias = Unique("reader");
  std::string other = Unique("other_reader");
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(alias, first)}).ok());
  const std::vector<AliasAction> swap = {Remove(alias, first), Add(alias, second)};

  std::vector<AliasAction> missing = swap;
  missing.push_back(Add(other, IndexName(master_, 9)));
  EXPECT_EQ(store_->UpdateAliases(fence, missing).code(), StatusCode::kNotFound);
  EXPECT_EQ(TargetOf(alias), first);

  std::vector<AliasAction> bad_filter = swap;
  bad_filter.push_back(Add(other, second, R"({"trem":{"live":true}})"));
  EXPECT_EQ(store_->UpdateAliases(fence, bad_filter).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(TargetOf(alias), first);

  std::vector<AliasAction> on_index_name = swap;
  on_index_name.push_back(Add(first, second));
  EXPECT_EQ(store_->UpdateAliases(fence, on_index_name).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(TargetOf(alias), first);
  EXPECT_EQ(TargetOf(other), "");
}

TEST_P(StoreContract, RemovalOfAnAliasThatIsNotThereIsRefusedWhole) {
  if (!GetParam().must_exist) {
    GTEST_SKIP() << GetParam().name << " can't tell";
  }
  Fence fence = Lead(1);
  std::string first = CreateMaster(fence, 1);
  std::string second = CreateMaster(fence, 2);
  std::string alias = Unique("reader");
  ASSERT_TRUE(store_->UpdateAliases(fence, {Add(alias, first)}).ok());
  EXPECT_EQ(
      store_->UpdateAliases(fence, {Remove(alias, second), Add(Unique("other"), second)}).code(),
      StatusCode::kFailedPrecondition);
  EXPECT_EQ(TargetOf(alias), first);
  EXPECT_EQ(TargetOf(Unique("other")), "");
}

TEST_P(StoreContract, AliasOverAConcreteNameIsRefused) {
  if (!GetParam().create_foreign_index) {
    GTEST_SKIP() << GetParam().name << " has no way to make a foreign index";
  }
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  std::string squatter = Unique("reader");
  ASSERT_TRUE(GetParam().create_foreign_index(squatter).ok());
  EXPECT_EQ(
      store_->UpdateAliases(fence, {Add(squatter, index), Add(Unique("other"), index)}).code(),
      StatusCode::kInvalidArgument);
  StoreState state = ReadState({squatter, Unique("other")});
  EXPECT_TRUE(state.aliases.empty());
  EXPECT_EQ(state.concrete, std::vector<std::string>{squatter});
}

TEST_P(StoreContract, ExplainNamesWhatWouldBeDone) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  std::string alias = Unique("reader");
  const auto requests = store_->Explain(fence, {}, {Add(alias, index)});
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_NE(requests[0].body.find(alias), std::string::npos) << requests[0].body;
  EXPECT_NE(requests[0].body.find(index), std::string::npos) << requests[0].body;
  EXPECT_EQ(TargetOf(alias), "");
  EXPECT_TRUE(store_->Explain(fence, {}, {}).empty());
}

// The aliases of a swap may name indexes that the same plan creates; nothing of it is done, and
// then it can be.
TEST_P(StoreContract, ExplainNamesWhatWouldBeCreated) {
  Fence fence = Lead(1);
  const IndexDefinition index = DefinitionOf(IndexName(master_, 1));
  const std::string alias = Unique("reader");
  const AliasAction add = Add(alias, index.name, R"({"term":{"live":true}})");
  const auto requests = store_->Explain(fence, {index}, {add});
  ASSERT_GE(requests.size(), 2u);
  EXPECT_NE(requests.front().body.find(index.meta.build_id), std::string::npos)
      << requests.front().body;
  EXPECT_NE(requests.back().body.find(alias), std::string::npos) << requests.back().body;
  for (const ExplainedRequest& request : requests) {
    EXPECT_EQ(request.body.find("would be refused"), std::string::npos) << request.body;
  }
  EXPECT_TRUE(ReadState({alias}).indexes.empty());
  ASSERT_TRUE(store_->CreateIndex(fence, index).ok());
  ASSERT_TRUE(store_->UpdateAliases(fence, {add}).ok());
}

TEST_P(StoreContract, CountRefusesWhatIsNoQueryAndFindsNoTarget) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  EXPECT_EQ(store_->Count(IndexName(master_, 9), "").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store_->Count(index, R"({"trem":{"live":true}})").status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(store_->Count(index, "{").status().code(), StatusCode::kInvalidArgument);
}

struct FilterCase {
  const char* filter;
  std::vector<std::string> selected;  // codes of the documents
};

// Every document has its own `code`; the filters are judged by the codes that they select.
TEST_P(StoreContract, FiltersSelectTheRightDocuments) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  const std::string long_name(257, 'n');
  Write(
      fence,
      {Put(index, "a", 1, R"({"code":"a","live":true,"count":1,"day":"2024-01-01","name":"Ann"})"),
       Put(index, "b", 1,
           R"({"code":"b","live":"true","count":"2","day":"2024-01-02","name":"ann"})"),
       Put(index, "c", 1,
           R"({"code":"c","live":false,"count":10,"day":["2023-01-01","2025-01-01"]})"),
       Put(index, "d", 1, R"({"code":"d","live":"","count":null,"day":[],"name":"O'Neill"})"),
       Put(index, "e", 1, R"({"code":"e","name":")" + long_name + R"(","share":0.5})"),
       Put(index, "f", 1,
           R"({"code":["f","ff"],"count":[1,20],"name":["Bob","Ann"],"at":"2024-01-01T10:00:00.000"})")});
  ASSERT_TRUE(store_->Refresh(index).ok());

  const std::vector<FilterCase> cases = {
      {R"({"match_all":{}})", {"a", "b", "c", "d", "e", "f"}},
      {R"({"term":{"live":true}})", {"a", "b"}},
      {R"({"term":{"live":{"value":"false"}}})", {"c", "d"}},
      {R"({"term":{"code":"f"}})", {"f"}},
      {R"({"term":{"code":"F"}})", {}},
      {R"({"term":{"name.keyword":"Ann"}})", {"a", "f"}},
      {R"({"term":{"name.keyword":"O'Neill"}})", {"d"}},
      {R"({"term":{"count":1}})", {"a", "f"}},
      {R"({"term":{"count":"2"}})", {"b"}},
      {R"({"term":{"share":0.5}})", {"e"}},
      {R"({"terms":{"code":["a","ff","zz"]}})", {"a", "f"}},
      {R"({"terms":{"code":[]}})", {}},
      {R"({"term":{"day":"2024-01-02"}})", {"b"}},
      {R"({"term":{"nosuchfield":"x"}})", {}},
      {R"({"exists":{"field":"live"}})", {"a", "b", "c", "d"}},
      {R"({"exists":{"field":"day"}})", {"a", "b", "c"}},
      {R"({"exists":{"field":"name"}})", {"a", "b", "d", "e", "f"}},
      {R"({"exists":{"field":"name.keyword"}})", {"a", "b", "d", "f"}},
      {R"({"exists":{"field":"count"}})", {"a", "b", "c", "f"}},
      {R"({"range":{"count":{"gte":2,"lt":20}}})", {"b", "c"}},
      {R"({"range":{"count":{"gt":10}}})", {"f"}},
      {R"({"range":{"day":{"lte":"2024-01-01"}}})", {"a", "c"}},
      {R"({"range":{"day":{"gt":"2024-01-01"}}})", {"b", "c"}},
      {R"({"range":{"day":{"gte":"2024-01-01","lt":"2024-01-02"}}})", {"a"}},
      {R"({"range":{"day":{"lt":"now/d","time_zone":"Europe/London"}}})", {"a", "b", "c"}},
      {R"({"range":{"day":{"gt":"now+1000y"}}})", {}},
      {R"({"range":{"at":{"gte":"2024-01-01T10:00:00.000"}}})", {"f"}},
      {R"({"range":{"at":{"gt":"2024-01-01T10:00:00.000"}}})", {}},
      {R"({"range":{"code":{"gte":"b","lt":"d"}}})", {"b", "c"}},
      {R"({"bool":{"filter":[{"term":{"live":true}},{"term":{"count":1}}]}})", {"a"}},
      {R"({"bool":{"must":{"exists":{"field":"day"}},"must_not":{"term":{"live":true}}}})", {"c"}},
      {R"({"bool":{"must_not":[{"exists":{"field":"live"}}]}})", {"e", "f"}},
      {R"({"bool":{"should":[{"term":{"code":"a"}},{"term":{"code":"b"}}]}})", {"a", "b"}},
      {R"({"bool":{"should":[{"term":{"code":"a"}}],"filter":[{"term":{"live":true}}]}})",
       {"a", "b"}},
      {R"({"bool":{"should":[{"term":{"code":"a"}},{"term":{"count":1}},{"term":{"code":"f"}}],
           "minimum_should_match":2}})",
       {"a", "f"}},
      {R"({"bool":{}})", {"a", "b", "c", "d", "e", "f"}},
  };
  for (const FilterCase& each : cases) {
    EXPECT_EQ(CountOf(index, each.filter), static_cast<int64_t>(each.selected.size()))
        << each.filter;
    for (const char* code : {"a", "b", "c", "d", "e", "f"}) {
      bool expected =
          std::find(each.selected.begin(), each.selected.end(), code) != each.selected.end();
      std::string narrowed = std::string(R"({"bool":{"filter":[{"term":{"code":")") + code +
                             R"("}},)" + each.filter + "]}}";
      EXPECT_EQ(CountOf(index, narrowed), expected ? 1 : 0) << narrowed;
    }
  }
  // An alias selects what its filter counts on the index, and a filter on the alias narrows it.
  std::string alias = Unique("reader");
  for (const FilterCase& each : cases) {
    absl::Status added = store_->UpdateAliases(fence, {Add(alias, index, each.filter)});
    ASSERT_TRUE(added.ok()) << each.filter << ": " << added;
    EXPECT_EQ(CountOf(alias), static_cast<int64_t>(each.selected.size())) << each.filter;
    EXPECT_EQ(CountOf(alias, R"({"match_all":{}})"), static_cast<int64_t>(each.selected.size()));
  }
}

std::string DayInLondon(int offset) {
  absl::TimeZone london;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/London", &london));
  absl::CivilDay day = absl::ToCivilDay(absl::Now(), london) + offset;
  return absl::FormatCivilTime(day);
}

// Relative to the day of reading. Dates without an offset are UTC; the bounds are those of the
// London day, so in summer a bound is an hour before midnight UTC.
TEST_P(StoreContract, TodayIsTheDayInLondon) {
  Fence fence = Lead(1);
  std::string index = CreateMaster(fence, 1);
  const std::string today = DayInLondon(0);
  std::vector<BulkItem> items;
  for (int offset = -2; offset <= 2; ++offset) {
    items.push_back(
        Put(index, std::to_string(offset), 1, R"({"day":")" + DayInLondon(offset) + R"("})"));
  }
  Write(fence, items);
  ASSERT_TRUE(store_->Refresh(index).ok());
  auto count = [&](const std::string& range) {
    return CountOf(index, R"({"range":{"day":{)" + range + R"(,"time_zone":"Europe/London"}}})");
  };
  const int64_t before = count(R"("lt":"now/d")");
  const int64_t up_to = count(R"("lte":"now/d")");
  const int64_t after = count(R"("gt":"now/d")");
  const int64_t from = count(R"("gte":"now/d")");
  const int64_t yesterday = count(R"("gte":"now-1d/d","lt":"now/d")");
  if (DayInLondon(0) != today) {
    GTEST_SKIP() << "midnight passed during the test";
  }
  // 00:00 UTC of a day is within that London day, in winter (00:00) and in summer (01:00).
  EXPECT_EQ(before, 2);
  EXPECT_EQ(up_to, 3);
  EXPECT_EQ(after, 2);
  EXPECT_EQ(from, 3);
  EXPECT_EQ(yesterday, 1);
}

}  // namespace
}  // namespace indexswap::testing
