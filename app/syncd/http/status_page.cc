#include "syncd/http/status_page.h"

#include <absl/strings/escaping.h>
#include <openssl/sha.h>

#include <array>

#include "syncd/http/status_page_html.h"

namespace syncd {
namespace {

// What stands between the first `<tag>` and its end, named as a policy names it: by its hash.
std::string SourceHash(std::string_view html, std::string_view tag) {
  const std::string open = "<" + std::string(tag) + ">";
  const std::string end = "</" + std::string(tag) + ">";
  const size_t begin = html.find(open) + open.size();
  const std::string_view source = html.substr(begin, html.find(end, begin) - begin);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(source.data()), source.size(), hash.data());
  const std::string bytes(hash.begin(), hash.end());
  return "'sha256-" + absl::Base64Escape(bytes) + "'";
}

std::string Policy() {
  return "default-src 'none'; script-src " + SourceHash(kStatusPageHtml, "script") +
         "; style-src " + SourceHash(kStatusPageHtml, "style") +
         "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'";
}

}  // namespace

HttpResponse StatusPage() {
  static const std::string& policy = *new std::string(Policy());
  return {.content_type = "text/html; charset=utf-8",
          .body = std::string(kStatusPageHtml),
          .headers = {{"Content-Security-Policy", policy}, {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace syncd
