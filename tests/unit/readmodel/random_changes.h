// Random changes of the records of the TIS plan: as live events, and what they leave.
#ifndef TESTS_UNIT_READMODEL_RANDOM_CHANGES_H_
#define TESTS_UNIT_READMODEL_RANDOM_CHANGES_H_

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace syncd {

inline constexpr int kPersons = 4;
inline constexpr int kNumbers = 3;
inline constexpr int kHidden = 3;

// One record of an owner, as its SQL columns: what the last change has left of it. No record:
// nothing.
using Columns = std::map<std::string, std::string>;  // column to SQL literal
using Record = std::optional<Columns>;

// The state of all records: table and key to record.
using State = std::map<std::pair<std::string, std::string>, Record>;

// A message, and what it does.
struct Change {
  std::string channel;
  std::string body;
  State sets;
};

inline std::string Gmc(int i) { return "700000" + std::to_string(i); }
inline std::string Quote(const std::string& text) { return "'" + text + "'"; }

// Writes random changes; each has an order of its own, as change streams have.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  int Below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

  Change Next() {
    ++time_;
    switch (Below(6)) {
      case 0:
      case 1:
        return Trainee();
      case 2:
        return Doctor();
      case 3:
        return Recommendation();
      case 4:
        return Log();
      default:
        return Hidden();
    }
  }

 private:
  std::string Stamp() const {
    return "\"clusterTime\":{\"$timestamp\":{\"t\":" + std::to_string(1700000000 + time_ / 3) +
           ",\"i\":" + std::to_string(time_ % 3) + "}},\"_id\":{\"_data\":\"82\"}";
  }
  std::string Word() { return "w" + std::to_string(time_); }

  Change Trainee() {
    const std::string person = std::to_string(1 + Below(kPersons));
    const bool detached = Below(4) == 0;
    const std::string gmc = Gmc(Below(kNumbers));
    Change change;
    change.channel = "tcs-updates";
    change.body = "{\"tcsPersonId\":" + person +
                  ",\"gmcReferenceNumber\":" + (detached ? "null" : "\"" + gmc + "\"") +
                  ",\"programmeName\":\"" + Word() + "\"}";
    change.sets[{"trainee", person}] =
        Columns{{"tcsPersonId", person},
                {"gmcReferenceNumber", detached ? "NULL" : Quote(gmc)},
                {"programmeName", Quote(Word())}};
    return change;
  }

  Change Doctor() {
    const std::string gmc = Gmc(Below(kNumbers));
    Change change;
    change.channel = "doctor-changes";
    // Its outcome would outlive it, and no snapshot could say so.
    const bool deleted = Below(5) == 0 && !outcomes_.contains(gmc);
    deleted ? doctors_.erase(gmc) : doctors_.insert(gmc).second;
    const std::string key = Stamp() + ",\"documentKey\":{\"_id\":\"" + gmc + "\"}";
    change.body = deleted ? "{\"operationType\":\"delete\"," + key + "}"
                          : "{\"operationType\":\"update\"," + key +
                                ",\"fullDocument\":{\"doctorLastName\":\"" + Word() +
                                "\",\"existsInGmc\":true,\"admin\":\"" + Word() + "\"}}";
    Record doctor, admin;
    if (!deleted) {
      doctor = Columns{{"gmcReferenceNumber", Quote(gmc)},
                       {"doctorLastName", Quote(Word())},
                       {"existsInGmc", "1"}};
      admin = Columns{{"gmcReferenceNumber", Quote(gmc)}, {"admin", Quote(Word())}};
    }
    change.sets[{"doctor", gmc}] = doctor;
    change.sets[{"admin", gmc}] = admin;
    return change;
  }

  // Only of a doctor that there is: their owner has no recommendation of anybody else.
  Change Recommendation() {
    const std::string gmc = Gmc(Below(kNumbers));
    if (!doctors_.contains(gmc)) return Doctor();
    const bool has_outcome = Below(2) == 0;
    Change change;
    change.channel = "recommendation-changes";
    change.body =
        "{\"operationType\":\"update\"," + Stamp() +
        ",\"documentKey\":{\"_id\":{\"$oid\":\"5f\"}},\"fullDocument\":{\"gmcNumber\":\"" + gmc +
        "\",\"admin\":\"" + Word() + "\"" + (has_outcome ? ",\"outcome\":\"UNDER_REVIEW\"" : "") +
        "}}";
    change.sets[{"admin", gmc}] =
        Columns{{"gmcReferenceNumber", Quote(gmc)}, {"admin", Quote(Word())}};
    if (has_outcome) {
      outcomes_.insert(gmc);
      change.sets[{"outcome", gmc}] =
          Columns{{"gmcReferenceNumber", Quote(gmc)}, {"gmcOutcome", "'Under Review'"}};
    }
    return change;
  }

  Change Log() {
    const std::string gmc = Gmc(Below(kNumbers));
    const bool counts = Below(3) > 0;
    // Hours and minutes rise with the time of the change, as the owner's clock does.
    char at[32];
    std::snprintf(at, sizeof(at), "2026-01-%02dT%02d:%02d:00", 1 + time_ / 1440 % 28,
                  time_ / 60 % 24, time_ % 60);
    Change change;
    change.channel = "connection-changes";
    change.body = "{\"operationType\":\"insert\"," + Stamp() +
                  ",\"documentKey\":{\"_id\":\"c\"},\"fullDocument\":{\"gmcId\":\"" + gmc +
                  "\",\"updatedBy\":\"" + Word() + "\",\"eventDateTime\":\"" + at +
                  "\",\"responseCode\":\"" + (counts ? "0" : "90") + "\"}}";
    if (counts) {
      change.sets[{"connection_log", gmc}] =
          Columns{{"gmcId", Quote(gmc)},
                  {"updatedBy", Quote(Word())},
                  {"eventDateTime", Quote(std::string(at) + ".000")}};
    }
    return change;
  }

  Change Hidden() {
    const std::string id = "h" + std::to_string(Below(kHidden));
    const std::string gmc = Gmc(Below(kNumbers));
    Change change;
    change.channel = "hidden-discrepancy-changes";
    const bool deleted = Below(3) == 0;
    const std::string key = Stamp() + ",\"documentKey\":{\"_id\":{\"$oid\":\"" + id + "\"}}";
    change.body = deleted
                      ? "{\"operationType\":\"delete\"," + key + "}"
                      : "{\"operationType\":\"insert\"," + key + ",\"fullDocument\":{\"gmcId\":\"" +
                            gmc + "\",\"reason\":\"" + Word() + "\"}}";
    Record hidden;
    if (!deleted) {
      hidden = Columns{{"id", Quote(id)}, {"gmcId", Quote(gmc)}, {"reason", Quote(Word())}};
    }
    change.sets[{"hidden_discrepancy", id}] = hidden;
    return change;
  }

  std::mt19937 random_;
  int time_ = 0;
  std::set<std::string> doctors_;   // that there are
  std::set<std::string> outcomes_;  // of whom there is one
};

// A column's value as JSON.
inline std::string Json(const Columns& record, const char* column) {
  const auto found = record.find(column);
  if (found == record.end() || found->second == "NULL") return "null";
  std::string value = found->second;
  std::replace(value.begin(), value.end(), '\'', '"');
  return value;
}

inline std::string Json(const State& state, const std::string& table, const std::string& key,
                        const char* column) {
  const auto found = state.find({table, key});
  return found == state.end() || !found->second ? "null" : Json(*found->second, column);
}

// The snapshot message that carries a record: channel and body. Doctor, admin and outcome come in
// one summary, with the doctor.
inline std::pair<std::string, std::string> Message(const State& state, const std::string& table,
                                                   const std::string& key, const Columns& record) {
  const auto field = [&](const char* name) {
    return "\"" + std::string(name) + "\":" + Json(record, name);
  };
  if (table == "trainee") {
    return {"tcs", "{" + field("tcsPersonId") + "," + field("gmcReferenceNumber") + "," +
                       field("programmeName") + "}"};
  }
  if (table == "connection_log") {
    return {"connection-logs", "{\"payload\":{" + field("gmcId") + "," + field("updatedBy") + "," +
                                   field("eventDateTime") + "}}"};
  }
  if (table == "hidden_discrepancy") {
    return {"hidden-discrepancies",
            "{\"payload\":{" + field("id") + "," + field("gmcId") + "," + field("reason") + "}}"};
  }
  if (table != "doctor") return {};
  return {"gmc", "{\"payload\":{\"doctor\":{" + field("gmcReferenceNumber") + "," +
                     field("doctorLastName") +
                     ",\"existsInGmc\":true,\"admin\":" + Json(state, "admin", key, "admin") +
                     "},\"gmcOutcome\":" + Json(state, "outcome", key, "gmcOutcome") + "}}"};
}

}  // namespace syncd

#endif  // TESTS_UNIT_READMODEL_RANDOM_CHANGES_H_
