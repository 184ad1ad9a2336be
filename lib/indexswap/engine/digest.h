// A sample of what was written, to be compared with what the store gives back.
#ifndef INDEXSWAP_ENGINE_DIGEST_H_
#define INDEXSWAP_ENGINE_DIGEST_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_DIGEST_H_
