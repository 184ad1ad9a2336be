// Reading a daemon's answers. What is not there, or is not JSON, is null.
#ifndef SYNCD_CLI_ANSWER_JSON_H_
#define SYNCD_CLI_ANSWER_JSON_H_

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace syncd {

inline boost::json::value ParseAnswer(const std::string& text) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  return error ? boost::json::value(nullptr) : value;
}

// The value at `name` of an object, as long as that lives; null for anything else.
inline const boost::json::value& At(const boost::json::value& value, std::string_view name) {
  static const boost::json::value null;
  const boost::json::object* object = value.if_object();
  const boost::json::value* found =
      object == nullptr ? nullptr
                        : object->if_contains(boost::json::string_view(name.data(), name.size()));
  return found == nullptr ? null : *found;
}

inline std::string StringAt(const boost::json::value& value, std::string_view name) {
  const boost::json::value& found = At(value, name);
  return found.is_string() ? std::string(found.get_string()) : "";
}

}  // namespace syncd

#endif  // SYNCD_CLI_ANSWER_JSON_H_
