// What was written, as a sample or as sums, to be compared with what the store gives back.
#ifndef INDEXSWAP_ENGINE_DIGEST_H_
#define INDEXSWAP_ENGINE_DIGEST_H_

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "indexswap/json/content_hash.h"

namespace indexswap {

// Keeps the `size` documents whose identities hash lowest: a random sample whatever the order and
// the number, in constant memory. The hash differs from process to process, and so does the sample.
// Thread-safe.
class DigestSample {
 public:
  struct Entry {
    std::string family;
    std::string id;
    uint64_t version = 0;  // the caller's
    std::string document;  // as put
  };

  explicit DigestSample(size_t size) : size_(size) {}

  // Offers one document. Of two offers of one identity the later stays.
  void Offer(std::string_view family, std::string_view id, uint64_t version,
             std::string_view document);

  // Forgets one that was refused.
  void Remove(std::string_view family, std::string_view id);

  // The sample, by family.
  std::map<std::string, std::vector<Entry>> Entries() const;

 private:
  static uint64_t Hash(std::string_view family, std::string_view id);

  const size_t size_;
  mutable std::mutex mutex_;
  std::multimap<uint64_t, Entry> entries_;
};

// The sum of a hash of every document: the same whatever the order they came in. Thread-safe.
class ContentDigest {
 public:
  // Adds one document (identity and text as put), or takes one back that was refused.
  void Add(std::string_view family, std::string_view id, std::string_view document);
  void Subtract(std::string_view family, std::string_view id, std::string_view document);

  // 32 hexadecimal digits.
  std::string Hex() const;

 private:
  mutable std::mutex mutex_;
  uint64_t low_ = 0;
  uint64_t high_ = 0;
};

// In so many parts a family is compared, so that memory does not grow with its documents and a
// difference is found among few of them.
inline constexpr size_t kBuckets = 256;

// A hash of which document it is: the same in every process.
uint64_t IdentityOf(std::string_view family, std::string_view id);

inline size_t BucketOf(uint64_t identity) { return identity % kBuckets; }

// A hash of a document as a JSON value, however it is written.
ContentHash HashValue(std::string_view family, std::string_view id, std::string_view document);

// One part of a family: how many documents, and the sum of their hashes.
struct BucketSum {
  uint64_t documents = 0;
  uint64_t low = 0;
  uint64_t high = 0;

  void Add(const ContentHash& hash);
  void Subtract(const ContentHash& hash);

  bool operator==(const BucketSum&) const = default;
};

using BucketSums = std::array<BucketSum, kBuckets>;

// The documents of each family as sums, in constant memory, whatever the order they came in.
// Thread-safe.
class BucketDigest {
 public:
  explicit BucketDigest(const std::vector<std::string>& families);

  // Adds one document, or takes one back that was refused. `family` is one of the families.
  void Add(std::string_view family, std::string_view id, std::string_view document);
  void Subtract(std::string_view family, std::string_view id, std::string_view document);

  BucketSums Of(std::string_view family) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, BucketSums, std::less<>> families_;  // keys fixed; guarded by mutex_
};

// Documents by identity, up to a number that bounds the memory. Thread-safe.
class DocumentSet {
 public:
  void Clear();
  void Insert(std::string_view family, std::string_view id);
  bool Contains(std::string_view family, std::string_view id) const;

  // Whether one of them is in the family, or in a part of it.
  bool Touches(std::string_view family) const;
  bool Touches(std::string_view family, size_t bucket) const;

  // There were more than it holds.
  bool overflown() const;

 private:
  static constexpr size_t kMost = 1u << 18;

  mutable std::mutex mutex_;
  std::unordered_set<uint64_t> identities_;
  std::map<std::string, std::array<bool, kBuckets>, std::less<>> touched_;
  bool overflown_ = false;
};

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_DIGEST_H_
