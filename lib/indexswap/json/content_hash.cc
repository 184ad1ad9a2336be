#include "indexswap/json/content_hash.h"

#include <openssl/sha.h>

#include <cstring>
#include <string>

namespace indexswap {

ContentHash HashContent(std::string_view family, std::string_view id, std::string_view document) {
  std::string text;
  text.reserve(family.size() + id.size() + document.size() + 2);
  text.append(family).append(1, '\0').append(id).append(1, '\0').append(document);
  unsigned char bytes[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes);
  ContentHash hash;
  std::memcpy(&hash.low, bytes, sizeof(hash.low));
  std::memcpy(&hash.high, bytes + sizeof(hash.low), sizeof(hash.high));
  return hash;
}

}  // namespace indexswap
