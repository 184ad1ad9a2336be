#include "indexswap/engine/digest.h"

#include <absl/strings/str_format.h>

#include <functional>

#include "indexswap/json/canonical.h"

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

uint64_t IdentityOf(std::string_view family, std::string_view id) {
  // FNV-1a, and then the high bits into the low ones, of which the bucket is made.
  uint64_t hash = 0xCBF29CE484222325ULL;
  const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001B3ULL; };
  for (const char c : family) mix(static_cast<unsigned char>(c));
  mix(0);
  for (const char c : id) mix(static_cast<unsigned char>(c));
  hash ^= hash >> 32;
  hash *= 0xD6E8FEB86659FD93ULL;
  return hash ^ (hash >> 32);
}

ContentHash HashValue(std::string_view family, std::string_view id, std::string_view document) {
  const auto canonical = CanonicalJson(document);
  // What is no JSON the store refuses, and is taken back as it was added.
  return HashContent(family, id, canonical.ok() ? std::string_view(*canonical) : document);
}

void BucketSum::Add(const ContentHash& hash) {
  ++documents;
  low += hash.low;
  high += hash.high;
}

void BucketSum::Subtract(const ContentHash& hash) {
  --documents;
  low -= hash.low;
  high -= hash.high;
}

BucketDigest::BucketDigest(const std::vector<std::string>& families) {
  for (const std::string& family : families) families_[family];
}

void BucketDigest::Add(std::string_view family, std::string_view id, std::string_view document) {
  const ContentHash hash = HashValue(family, id, document);
  const size_t bucket = BucketOf(IdentityOf(family, id));
  const std::lock_guard lock(mutex_);
  if (const auto sums = families_.find(family); sums != families_.end()) {
    sums->second[bucket].Add(hash);
  }
}

void BucketDigest::Subtract(std::string_view family, std::string_view id,
                            std::string_view document) {
  const ContentHash hash = HashValue(family, id, document);
  const size_t bucket = BucketOf(IdentityOf(family, id));
  const std::lock_guard lock(mutex_);
  if (const auto sums = families_.find(family); sums != families_.end()) {
    sums->second[bucket].Subtract(hash);
  }
}

BucketSums BucketDigest::Of(std::string_view family) const {
  const std::lock_guard lock(mutex_);
  const auto sums = families_.find(family);
  return sums == families_.end() ? BucketSums() : sums->second;
}

void DocumentSet::Clear() {
  const std::lock_guard lock(mutex_);
  identities_.clear();
  touched_.clear();
  overflown_ = false;
}

void DocumentSet::Insert(std::string_view family, std::string_view id) {
  const uint64_t identity = IdentityOf(family, id);
  const std::lock_guard lock(mutex_);
  auto touched = touched_.find(family);
  if (touched == touched_.end()) touched = touched_.try_emplace(std::string(family)).first;
  touched->second[BucketOf(identity)] = true;
  if (identities_.contains(identity)) return;
  if (identities_.size() >= kMost) {
    overflown_ = true;
  } else {
    identities_.insert(identity);
  }
}

bool DocumentSet::Contains(std::string_view family, std::string_view id) const {
  const uint64_t identity = IdentityOf(family, id);
  const std::lock_guard lock(mutex_);
  return identities_.contains(identity);
}

bool DocumentSet::Touches(std::string_view family) const {
  const std::lock_guard lock(mutex_);
  return touched_.contains(family);
}

bool DocumentSet::Touches(std::string_view family, size_t bucket) const {
  const std::lock_guard lock(mutex_);
  const auto touched = touched_.find(family);
  return touched != touched_.end() && touched->second[bucket];
}

bool DocumentSet::overflown() const {
  const std::lock_guard lock(mutex_);
  return overflown_;
}

}  // namespace indexswap
