// What several reports have in them. For this folder only.
#ifndef SYNCD_REPORT_PARTS_H_
#define SYNCD_REPORT_PARTS_H_

#include <indexswap/generation.h>

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace syncd {

template <typename T>
boost::json::value OrNull(const std::optional<T>& value) {
  return value ? boost::json::value(*value) : boost::json::value(nullptr);
}

inline boost::json::value TextOrNull(const std::string& text) {
  return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
}

inline boost::json::array Gates(const std::vector<indexswap::GateResult>& gates) {
  boost::json::array array;
  for (const indexswap::GateResult& gate : gates) {
    array.push_back(boost::json::object{{"gate", gate.gate},
                                        {"passed", gate.passed},
                                        {"overridden", gate.overridden},
                                        {"detail", gate.detail}});
  }
  return array;
}

}  // namespace syncd

#endif  // SYNCD_REPORT_PARTS_H_
