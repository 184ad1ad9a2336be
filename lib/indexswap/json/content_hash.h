// A hash of one document, of which the sum over many is their digest in any order.
#ifndef INDEXSWAP_JSON_CONTENT_HASH_H_
#define INDEXSWAP_JSON_CONTENT_HASH_H_

#include <cstdint>
#include <string_view>

namespace indexswap {

// 128 bits, in two halves that are added up each for itself.
struct ContentHash {
  uint64_t low = 0;
  uint64_t high = 0;
};

// The first 128 bits of the SHA-256 of family, id and text, each ended by a zero byte but the last.
// Thread-safe.
ContentHash HashContent(std::string_view family, std::string_view id, std::string_view document);

}  // namespace indexswap

#endif  // INDEXSWAP_JSON_CONTENT_HASH_H_
