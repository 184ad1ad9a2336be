#include <absl/strings/str_format.h>
#include <indexswap/names.h>

#include <charconv>
#include <limits>

namespace indexswap {
namespace {

// OpenSearch and Elasticsearch allow 255 bytes; the longest tail is `_v<20 digits>_W<20 digits>`.
constexpr size_t kMaxNameBytes = 255;
constexpr size_t kMaxTailBytes = 2 * (2 + 20);

constexpr std::string_view kForbidden = "\"*\\<|,>/?#: ";

// A number without sign and leading zero, up to 2^63 - 1, and nothing else.
std::optional<uint64_t> ParseNumber(std::string_view text) {
  if (text.empty() || text.front() < '1' || text.front() > '9') return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return value;
}

absl::Status Offence(std::string_view what, std::string_view name, std::string_view rule) {
  return absl::InvalidArgumentError(absl::StrFormat("%s name \"%s\": %s", what, name, rule));
}

absl::Status ValidateName(std::string_view what, std::string_view name, size_t max_bytes) {
  if (name.empty()) return Offence(what, name, "must not be empty");
  if (name.size() > max_bytes) {
    return Offence(what, name, absl::StrFormat("is longer than %d bytes", max_bytes));
  }
  if (name == "." || name == "..") return Offence(what, name, "must not be . or ..");
  if (name.front() == '_' || name.front() == '-' || name.front() == '+') {
    return Offence(what, name, "must not begin with _ - or +");
  }
  for (const char c : name) {
    if (kForbidden.find(c) != std::string_view::npos || static_cast<unsigned char>(c) < 0x20) {
      return Offence(what, name, "must not contain white space or any of \" * \\ < | , > / ? # :");
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string IndexName(std::string_view family, uint64_t generation) {
  return absl::StrFormat("%s_v%d", family, generation);
}

std::optional<GenerationName> ParseIndexName(std::string_view name) {
  const size_t at = name.rfind("_v");
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  const std::optional<uint64_t> number = ParseNumber(name.substr(at + 2));
  if (!number) return std::nullopt;
  return GenerationName{std::string(name.substr(0, at)), *number};
}

std::string LeaseName(std::string_view release, uint64_t epoch) {
  return absl::StrFormat("%s_lease_%d", release, epoch);
}

std::optional<uint64_t> ParseLeaseName(std::string_view release, std::string_view name) {
  const std::string prefix = absl::StrFormat("%s_lease_", release);
  if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
  return ParseNumber(name.substr(prefix.size()));
}

std::string LeaderAlias(std::string_view release) { return absl::StrFormat("%s_leader", release); }

std::string WriteAlias(std::string_view index, uint64_t epoch) {
  return absl::StrFormat("%s_W%d", index, epoch);
}

std::optional<WriteAliasName> ParseWriteAlias(std::string_view alias) {
  const size_t at = alias.rfind("_W");
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  const std::optional<uint64_t> epoch = ParseNumber(alias.substr(at + 2));
  if (!epoch) return std::nullopt;
  return WriteAliasName{std::string(alias.substr(0, at)), *epoch};
}

absl::Status ValidateFamilyName(std::string_view family) {
  if (absl::Status s = ValidateName("index", family, kMaxNameBytes - kMaxTailBytes); !s.ok()) {
    return s;
  }
  for (const char c : family) {
    if (c >= 'A' && c <= 'Z') return Offence("index", family, "must be lower case");
  }
  return absl::OkStatus();
}

absl::Status ValidateAliasName(std::string_view alias) {
  return ValidateName("alias", alias, kMaxNameBytes);
}

}  // namespace indexswap
