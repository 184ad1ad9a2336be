// Reading a daemon's answers. What is not there, or is not JSON, is null.
#ifndef SYNCD_CLI_ANSWER_JSON_H_
#define SYNCD_CLI_ANSWER_JSON_H_

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>

namespace syncd {

inline boost::json::value ParseAnswer(const std::string& text) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  return error ? boost::json::value(nullptr) : value;
}

// The value at `name` of an object; null for anything else.
inline boost::json::value At(const boost::json::value& value, const char* name) {
  const boost::json::object* object = value.if_object();
  const boost::json::value* found = object == nullptr ? nullptr : object->if_contains(name);
  return found == nullptr ? boost::json::value(nullptr) : *found;
}

inline std::string TextAt(const boost::json::value& value, const char* name) {
  const boost::json::value found = At(value, name);
  return found.is_string() ? std::string(found.get_string()) : "";
}

}  // namespace syncd

#endif  // SYNCD_CLI_ANSWER_JSON_H_
