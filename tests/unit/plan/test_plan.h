// A small lawful plan, and a way to bend it.
#ifndef TESTS_UNIT_PLAN_TEST_PLAN_H_
#define TESTS_UNIT_PLAN_TEST_PLAN_H_

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace syncd {

inline constexpr char kSmallPlan[] = R"toml([plan]
name = "small"
views = ["views.sql"]
[[entity]]
name = "person"
key = "number"
join = "group"
fields = { number = "integer", group = "text", seen = "datetime" }
[[channel]]
name = "people"
kind = "snapshot"
queue = "amqp:people.data"
start = { exchange = "x", routing_key = "people.start", body = '"go"' }
items = "payload"
end = { field = "last", count = "total" }
assigns = [{ entity = "person" }]
[[channel]]
name = "late-people"
kind = "snapshot"
after = ["people"]
may_be_empty = true
assigns = [{ entity = "person" }]
[[channel]]
name = "changes"
kind = "events"
[[family]]
name = "people"
mapping = "people.json"
settings = { number_of_replicas = 1, refresh_interval = "5s" }
min_documents = 10
[[alias]]
name = "everybody"
family = "people"
[[alias]]
name = "grouped"
family = "people"
filter = '{"exists":{"field":"group"}}'
may_be_empty = true
)toml";

inline std::map<std::string, std::string> SmallPlanFiles() {
  return {{"plan.toml", kSmallPlan},
          {"views.sql",
           "CREATE VIEW people AS SELECT \"group\" AS join_key, number AS id, number, \"group\", "
           "seen FROM person;"},
          {"people.json",
           R"({"properties": {"number": {"type": "long"}, "group": {"type": "keyword"},
               "seen": {"type": "date"}}})"}};
}

// `text` with its one `from` replaced.
inline std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

}  // namespace syncd

#endif  // TESTS_UNIT_PLAN_TEST_PLAN_H_
