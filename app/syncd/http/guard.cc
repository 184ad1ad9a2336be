#include "syncd/http/guard.h"

#include <absl/strings/ascii.h>
#include <openssl/crypto.h>

#include "syncd/http/address.h"
#include "syncd/http/api.h"

namespace syncd {
namespace {

HttpResponse Refusal(int status, std::string_view code, std::string_view message) {
  return {.status = status, .body = ApiError(status, code, message).json};
}

std::string Lower(std::string_view text) { return absl::AsciiStrToLower(std::string(text)); }

// The token of `Bearer <token>`; empty if that is not what the header is.
std::string_view BearerToken(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  if (Lower(header.substr(0, kScheme.size())) != kScheme) return {};
  const size_t begin = header.find_first_not_of(' ', kScheme.size());
  return begin == std::string_view::npos ? std::string_view() : header.substr(begin);
}

// In the same time whatever is wrong with it; only its length shows.
bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool SameSite(std::string_view origin, std::string_view host) {
  const size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && Lower(origin.substr(scheme + 3)) == Lower(host);
}

}  // namespace

std::optional<HttpResponse> Guard::Refuse(const HttpRequest& request) const {
  if (!token_) return RefuseWithoutToken(request);
  const auto authorization = request.Header("authorization");
  if (authorization && SameSecret(BearerToken(*authorization), *token_)) return std::nullopt;
  HttpResponse refusal = Refusal(
      401, "unauthorized",
      authorization ? "this is not the token; send the one in the daemon's [http] token_file as "
                      "\"Authorization: Bearer TOKEN\""
                    : "this call needs a token; send the one in the daemon's [http] token_file as "
                      "\"Authorization: Bearer TOKEN\"");
  refusal.headers.emplace_back(
      "WWW-Authenticate",
      authorization ? "Bearer realm=\"syncd\", error=\"invalid_token\"" : "Bearer realm=\"syncd\"");
  return refusal;
}

std::optional<HttpResponse> Guard::RefuseWithoutToken(const HttpRequest& request) const {
  const auto host = request.Header("host");
  if (!host || !IsLoopbackHostHeader(*host)) {
    return Refusal(403, "forbidden",
                   "without a token this call is taken from this machine only, and its Host header "
                   "must say so: localhost, 127.0.0.1 or [::1]; to call it by another name, set "
                   "[http] token_file");
  }
  const auto origin = request.Header("origin");
  if (origin && !SameSite(*origin, *host)) {
    return Refusal(403, "forbidden",
                   "without a token this call is not taken from a page of another site (its Origin "
                   "is not this host); set [http] token_file");
  }
  const auto site = request.Header("sec-fetch-site");
  if (site && *site != "same-origin" && *site != "none") {
    return Refusal(403, "forbidden",
                   "without a token this call is not taken from a page of another site "
                   "(Sec-Fetch-Site); set [http] token_file");
  }
  return std::nullopt;
}

}  // namespace syncd
