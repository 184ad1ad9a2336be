#include "indexswap/engine/digest.h"

#include <absl/strings/str_format.h>

#include <functional>

#include "indexswap/json/content_hash.h"

namespace indexswap {
void ContentDigest::Add(std::string_view family, std::string_view id, std::string_view document) {
  const ContentHash hash = HashContent(family, id, document);
  const std::lock_guard lock(mutex_);
  low_ += hash.low;
  high_ += hash.high;
}

void ContentDigest::Subtract(std::string_view family, std::string_view id,
                             std::string_view document) {
  const ContentHash hash = HashContent(family, id, document);
  const std::lock_guard lock(mutex_);
  low_ -= hash.low;
  high_ -= hash.high;
}

std::string ContentDigest::Hex() const {
  const std::lock_guard lock(mutex_);
  return absl::StrFormat("%016x%016x", high_, low_);
}

uint64_t DigestSample::Hash(std::string_view family, std::string_view id) {
  // std::hash alone is the same in every process; the address of a static differs where address
  // space layout is random, and so does the sample.
  static const int salt = 0;
  const uint64_t mixed = std::hash<std::string_view>()(id) ^
                         (std::hash<std::string_view>()(family) * 0x9E3779B97F4A7C15ULL) ^
                         reinterpret_cast<uintptr_t>(&salt);
  return mixed * 0xD6E8FEB86659FD93ULL;
}

void DigestSample::Offer(std::string_view family, std::string_view id, uint64_t version,
                         std::string_view document) {
  if (size_ == 0) return;
  const uint64_t hash = Hash(family, id);
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= size_ && hash > std::prev(entries_.end())->first) return;
  const auto [begin, end] = entries_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (it->second.family != family || it->second.id != id) continue;
    it->second.version = version;
    it->second.document = document;
    return;
  }
  entries_.emplace(hash,
                   Entry{std::string(family), std::string(id), version, std::string(document)});
  if (entries_.size() > size_) entries_.erase(std::prev(entries_.end()));
}

void DigestSample::Remove(std::string_view family, std::string_view id) {
  const std::lock_guard lock(mutex_);
  const auto [begin, end] = entries_.equal_range(Hash(family, id));
  for (auto it = begin; it != end; ++it) {
    if (it->second.family == family && it->second.id == id) {
      entries_.erase(it);
      return;
    }
  }
}

std::map<std::string, std::vector<DigestSample::Entry>> DigestSample::Entries() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::vector<Entry>> by_family;
  for (const auto& [hash, entry] : entries_) by_family[entry.family].push_back(entry);
  return by_family;
}

}  // namespace indexswap
