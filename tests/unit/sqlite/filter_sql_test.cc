// Two independent readings of one filter must agree: the SQL of the embedded store, evaluated by
// SQLite, and the matcher of the memory store.
#include "indexswap/sqlite/filter_sql.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_replace.h>
#include <absl/time/civil_time.h>
#include <absl/time/time.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "indexswap/sqlite/connection.h"
#include "indexswap/testing/filter_matcher.h"
#include "indexswap/testing/sanitized.h"

namespace indexswap {
namespace {

constexpr char kMappings[] = R"json({"dynamic":"false","properties":{
  "text":{"type":"text","fields":{"keyword":{"type":"keyword","ignore_above":5}}},
  "flag":{"type":"boolean"},"whole":{"type":"long"},"real":{"type":"double"},
  "word":{"type":"keyword"},
  "day":{"type":"date","format":"uuuu-MM-dd"},
  "time":{"type":"date","format":"uuuu-MM-dd'T'HH:mm:ss.SSS"},
  "loose":{"type":"date"},
  "german":{"type":"date","format":"dd.MM.uuuu HH:mm||epoch_second"},
  "inner":{"properties":{"word":{"type":"keyword"},"day":{"type":"date","format":"uuuu-MM-dd"}}}
  }})json";

class FilterSql : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<Connection>> opened =
        Connection::Open(":memory:", Connection::Mode::kCreate, std::chrono::milliseconds(0), 2000);
    ASSERT_TRUE(opened.ok()) << opened.status();
    connection_ = *std::move(opened);
    ASSERT_TRUE(connection_
                    ->Run("CREATE TABLE indexswap_time_zone(zone, utc_from, local_from, offset_s);"
                          "CREATE TABLE t(document TEXT)")
                    .ok());
    for (const char* zone : {"Europe/London", "America/Sao_Paulo", "Asia/Kolkata"}) {
      const std::vector<ZonePeriod> periods = ZonePeriods(zone, 2100).value();
      for (const ZonePeriod& period : periods) {
        ASSERT_TRUE(connection_
                        ->Run(absl::StrFormat("INSERT INTO indexswap_time_zone VALUES(%s,%d,%d,%d)",
                                              QuoteText(zone), period.utc_from_s,
                                              period.local_from_s, period.offset_s))
                        .ok());
      }
    }
  }

  static ResolvedFilter Resolve(const std::string& query) {
    static const ParsedMapping mapping = ParsedMapping::Parse(kMappings).value();
    absl::StatusOr<ResolvedFilter> resolved = ResolveFilter(ParseFilter(query).value(), mapping);
    EXPECT_TRUE(resolved.ok()) << resolved.status();
    return resolved.ok() ? *std::move(resolved) : ResolvedFilter{};
  }

  // What SQLite says of each document, at `now_ms`; 2 stands for NULL, which must not be.
  std::vector<int64_t> Ask(const ResolvedFilter& filter, const std::vector<std::string>& documents,
                           int64_t now_ms) {
    absl::StatusOr<std::string> sql = FilterToSql(filter);
    EXPECT_TRUE(sql.ok()) << sql.status();
    const std::string at = absl::StrReplaceAll(
        *sql, {{"julianday('now')", absl::StrFormat("(%d/86400000.0+2440587.5)", now_ms)}});
    std::vector<int64_t> answers;
    Statement select(connection_->raw(),
                     "SELECT ifnull((" + at + "),2) FROM (SELECT ? AS document)");
    for (const std::string& document : documents) {
      absl::StatusOr<bool> row = select.Bind(document).Step();
      EXPECT_TRUE(row.ok()) << row.status() << "\n" << at;
      answers.push_back(row.ok() ? select.Int(0) : -1);
      EXPECT_TRUE(select.Step().ok());
    }
    return answers;
  }

  void Compare(const std::string& query, const std::vector<std::string>& documents,
               int64_t now_ms) {
    const ResolvedFilter filter = Resolve(query);
    const std::vector<int64_t> answers = Ask(filter, documents, now_ms);
    for (size_t i = 0; i < documents.size(); ++i) {
      EXPECT_EQ(answers[i], testing::Matches(filter, documents[i], now_ms) ? 1 : 0)
          << query << " of " << documents[i] << " at " << now_ms;
    }
  }

  std::unique_ptr<Connection> connection_;
};

// Every shape of value under every field that takes it.
std::vector<std::string> Documents() {
  std::vector<std::string> documents = {"{}", R"({"other":1})"};
  const auto add = [&documents](const std::string& field, std::vector<std::string> values) {
    const size_t scalars = values.size();
    for (size_t i = 0; i < scalars; ++i) {
      values.push_back("[" + values[i] + "]");
      values.push_back("[null,[" + values[i] + "," + values[(i + 1) % scalars] + "]]");
    }
    values.insert(values.end(), {"null", "[]", "[null]", "[[]]"});
    for (const std::string& value : values) {
      documents.push_back("{\"" + field + "\":" + value + "}");
    }
  };
  const std::vector<std::string> texts = {
      R"("a")",    R"("")",    R"("A")",     R"("12")",     "12",         "true",       "1",
      R"("true")", R"("b'c")", R"("12345")", R"("123456")", R"("ÓÓÓÓÓ")", R"("ÓÓÓÓÓÓ")"};
  add("text", texts);
  add("word", texts);
  add("flag", {"true", "false", R"("true")", R"("false")", R"("")"});
  add("whole", {"1", "2", "1.5", R"("1")", R"("1.9")", R"("1e2")", "100", R"("")", "-1", "0",
                "9223372036854775807"});
  add("real", {"1", "0.5", R"("0.5")", "1e3", R"("")", "-0.5", "0"});
  add("day", {R"("2024-01-01")", R"("2024-06-15")", R"("1969-12-31")", R"("0001-01-01")",
              R"("9999-12-31")"});
  add("time", {R"("2024-01-01T00:00:00.000")", R"("2024-06-15T12:00:00.001")",
               R"("1969-12-31T23:59:59.999")"});
  add("loose",
      {R"("2024")", R"("2024-06")", R"("2024-01-01")", R"("2024-01-01T")", R"("2024-01-01T10")",
       R"("2024-01-01T10:30")", R"("2024-01-01T00:00:00.001Z")", R"("2024-06-15T01:00:00+01:00")",
       R"("2024-06-15T01:00:00.5-0230")", R"("2024-06-15T01:00:00,25+02")", R"("2024-01-01T10Z")",
       "1704067200000", R"("1704067200001")", "-1"});
  add("german", {R"("01.01.2024 00:00")", R"("15.06.2024 12:30")", "1704067200", R"("-1")"});
  for (const char* inner :
       {R"({"word":"a"})", R"([{"word":"b"},{"word":["a",null]}])", R"({"day":"2024-01-01"})",
        R"([{"day":null},{"day":"2024-06-15"}])", "null", "[]"}) {
    documents.push_back(std::string(R"({"inner":)") + inner + "}");
  }
  return documents;
}

TEST_F(FilterSql, AgreesWithTheMatcherOnEveryShapeOfValue) {
  const std::vector<std::string> documents = Documents();
  std::vector<std::string> queries;
  for (const char* field : {"text", "text.keyword", "word", "flag", "whole", "real", "day", "time",
                            "loose", "german", "inner.word", "inner.day", "inner", "nosuch"}) {
    queries.push_back(absl::StrFormat(R"({"exists":{"field":"%s"}})", field));
  }
  for (const char* value :
       {R"("a")", R"("")", R"("12")", "12", "1", "true", R"("b'c")", R"("ÓÓÓÓÓ")", R"("123456")"}) {
    queries.push_back(absl::StrFormat(R"({"term":{"text.keyword":%s}})", value));
    queries.push_back(absl::StrFormat(R"({"terms":{"word":[%s,"zz"]}})", value));
    queries.push_back(absl::StrFormat(R"({"range":{"word":{"gte":%s}}})", value));
    queries.push_back(absl::StrFormat(R"({"range":{"text.keyword":{"lt":%s}}})", value));
  }
  for (const char* value : {"true", "false"}) {
    queries.push_back(absl::StrFormat(R"({"term":{"flag":%s}})", value));
  }
  for (const char* value : {"1", "0", "1.5", "100", R"("2")", "-1", "0.5"}) {
    for (const char* field : {"whole", "real"}) {
      queries.push_back(absl::StrFormat(R"({"term":{"%s":%s}})", field, value));
      queries.push_back(absl::StrFormat(R"({"range":{"%s":{"gt":%s}}})", field, value));
      queries.push_back(absl::StrFormat(R"({"range":{"%s":{"gte":-1,"lte":%s}}})", field, value));
    }
  }
  for (const char* field : {"day", "time", "loose", "german", "inner.day"}) {
    for (const char* value : {"2024-01-01", "1969-12-31", "2024-06-15", "now", "now/d", "now/M"}) {
      for (const char* op : {"gt", "gte", "lt", "lte"}) {
        for (const char* zone : {"", R"(,"time_zone":"Europe/London")"}) {
          queries.push_back(absl::StrFormat(
              R"({"range":{"%s":{"%s":"%s","format":"strict_date_optional_time"%s}}})", field, op,
              value, zone));
        }
      }
    }
  }
  queries.push_back(R"({"term":{"day":"2024-01-01"}})");
  queries.push_back(R"({"terms":{"loose":["2024-06","2024"]}})");
  queries.push_back(R"({"term":{"inner.word":"a"}})");
  // Seven shares no factor with the turns of the loops above, so some of each kind are left.
  for (size_t i = 0; i < queries.size(); i += testing::kSanitized ? 7 : 1) {
    Compare(queries[i], documents, 1'718'452'800'000);  // 2024-06-15T12:00Z
  }
}

TEST_F(FilterSql, AgreesWithTheMatcherOnCombinations) {
  const std::vector<std::string> documents = Documents();
  const std::string a = R"({"term":{"word":"a"}})";
  const std::string flag = R"({"term":{"flag":true}})";
  const std::string exists = R"({"exists":{"field":"text.keyword"}})";
  for (const std::string& clauses :
       {R"("must":[)" + exists + R"(],"must_not":[)" + a + "]",
        R"("must_not":[)" + a + "," + flag + "," + exists + "]",
        R"("should":[)" + a + "," + flag + "," + exists + R"(],"minimum_should_match":2)",
        R"("should":[)" + a + "," + flag + R"(],"minimum_should_match":3)",
        R"("should":[)" + a + "," + flag + R"(],"filter":)" + exists,
        R"("should":[)" + a + "," + flag + R"(],"must_not":)" + exists,
        R"("filter":[{"bool":{"must_not":{"bool":{"should":[)" + a + "," + flag + "]}}}}]"}) {
    Compare(R"({"bool":{)" + clauses + "}}", documents, 0);
  }
}

// Moments around changes of the clocks, of midnights that do not exist, ends of months.
TEST_F(FilterSql, AgreesWithTheMatcherOnDateMathAroundEveryTurn) {
  std::vector<int64_t> moments;
  for (const absl::CivilDay day :
       {absl::CivilDay(2024, 3, 31), absl::CivilDay(2024, 10, 27), absl::CivilDay(2018, 11, 4),
        absl::CivilDay(2018, 2, 18), absl::CivilDay(2024, 2, 29), absl::CivilDay(2024, 1, 31),
        absl::CivilDay(2030, 12, 31), absl::CivilDay(2099, 7, 1)}) {
    for (int hour = -6; hour <= 30; hour += testing::kSanitized ? 18 : 3) {
      const absl::Time time = absl::FromCivil(absl::CivilHour(day) + hour, absl::UTCTimeZone());
      moments.push_back(absl::ToUnixMillis(time) + hour * 60'007);
    }
  }
  for (const char* zone : {"", "Europe/London", "America/Sao_Paulo", "Asia/Kolkata"}) {
    for (const char* math : {"now", "now/d", "now-1d/d", "now+1d", "now-1M", "now+1M/M", "now/w",
                             "now/y", "now-1y", "now+5h/h", "now/d-90m"}) {
      for (const int64_t now : moments) {
        const std::string range =
            absl::StrFormat(R"({"range":{"time":{"gte":"%s"%s}}})", math,
                            *zone == '\0' ? "" : absl::StrFormat(R"(,"time_zone":"%s")", zone));
        const ResolvedFilter filter = Resolve(range);
        const DateBound bound = *std::get<DateBetween>(std::get<FieldTest>(filter.node).test).lower;
        // The document exactly at the bound is in, one a millisecond before it is not.
        const DateFormat format = DateFormats::Parse("uuuu-MM-dd'T'HH:mm:ss.SSS")->alternatives[0];
        const int64_t at = EvaluateBound(bound, now).value();
        const std::vector<int64_t> answers =
            Ask(filter,
                {R"({"time":")" + FormatDate(format, at) + R"("})",
                 R"({"time":")" + FormatDate(format, at - 1) + R"("})"},
                now);
        ASSERT_EQ(answers, (std::vector<int64_t>{1, 0})) << range << " at " << now;
      }
    }
  }
}

TEST_F(FilterSql, QuotesNothingIntoItsSql) {
  Compare(R"({"term":{"word":"' OR 1=1 --"}})", {R"({"word":"' OR 1=1 --"})", R"({"word":"x"})"},
          0);
  const ParsedMapping mapping =
      ParsedMapping::Parse(R"({"properties":{"it's":{"type":"keyword"},"q\"":{"type":"keyword"}}})")
          .value();
  const auto sql = [&mapping](const char* query) {
    return FilterToSql(ResolveFilter(ParseFilter(query).value(), mapping).value());
  };
  absl::StatusOr<std::string> quoted = sql(R"({"term":{"it's":"x"}})");
  ASSERT_TRUE(quoted.ok());
  absl::StatusOr<int64_t> answer =
      connection_->Number("SELECT " + *quoted + " FROM (SELECT '{\"it''s\":\"x\"}' AS document)");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, 1);
  EXPECT_EQ(sql(R"({"term":{"q\"":"x"}})").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace indexswap
