#include "indexswap/json/exact_numbers.h"

#include <boost/json.hpp>
#include <charconv>
#include <vector>

namespace indexswap {
namespace {

namespace json = boost::json;

// The numbers of `value` in the order of its text.
void Collect(json::value& value, std::vector<json::value*>& numbers, bool& has_fractions) {
  if (value.is_number()) {
    numbers.push_back(&value);
    has_fractions = has_fractions || value.is_double();
  } else if (json::object* object = value.if_object()) {
    for (json::key_value_pair& member : *object) Collect(member.value(), numbers, has_fractions);
  } else if (json::array* array = value.if_array()) {
    for (json::value& element : *array) Collect(element, numbers, has_fractions);
  }
}

bool IsOfNumber(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// The numbers in lawful JSON text: outside of strings nothing else begins with a digit or a minus.
std::vector<std::string_view> NumbersIn(std::string_view text) {
  std::vector<std::string_view> numbers;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\' ? 1 : 0;
    } else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
      const size_t begin = i;
      while (i + 1 < text.size() && IsOfNumber(text[i + 1])) ++i;
      numbers.push_back(text.substr(begin, i + 1 - begin));
    }
  }
  return numbers;
}

}  // namespace

void MakeNumbersExact(std::string_view text, json::value& value) {
  std::vector<json::value*> numbers;
  bool has_fractions = false;
  Collect(value, numbers, has_fractions);
  if (!has_fractions) return;
  const std::vector<std::string_view> written = NumbersIn(text);
  if (written.size() != numbers.size()) return;
  for (size_t i = 0; i < written.size(); ++i) {
    if (!numbers[i]->is_double()) continue;
    double exact = 0;
    const auto end = written[i].data() + written[i].size();
    if (std::from_chars(written[i].data(), end, exact).ec == std::errc()) *numbers[i] = exact;
  }
}

}  // namespace indexswap
