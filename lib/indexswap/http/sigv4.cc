#include "indexswap/http/sigv4.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_format.h>
#include <absl/time/time.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

namespace indexswap {
namespace {

constexpr char kAlgorithm[] = "AWS4-HMAC-SHA256";

bool IsUnreserved(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

// `text` with all but unreserved characters, and those of `kept`, as %XX.
std::string Encode(std::string_view text, std::string_view kept = "") {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c) || kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

// Undoes %XX; a % that begins none stays.
std::string Decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      out += absl::HexStringToBytes(std::string(text.substr(i + 1, 2)));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// RFC 3986, 5.2.4, and runs of slashes made one.
std::string RemoveDotSegments(std::string_view path) {
  std::vector<std::string_view> segments;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
    begin = end + 1;
  }
  std::string out;
  for (const std::string_view segment : segments) out.append(1, '/').append(segment);
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

std::string Sha256(std::string_view text) {
  unsigned char bytes[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes);
  return std::string(reinterpret_cast<const char*>(bytes), sizeof(bytes));
}

std::string Hmac(std::string_view key, std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &size);
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

// Without spaces around it, and with runs of spaces made one.
std::string Trim(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += c;
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// Host and the request's headers: lower case, sorted, those of one name joined in their order.
std::vector<HttpHeader> CanonicalHeaders(const AwsRequest& request) {
  std::vector<HttpHeader> headers = {{"host", Trim(request.host)}};
  for (const HttpHeader& header : request.headers) {
    headers.push_back({absl::AsciiStrToLower(header.name), Trim(header.value)});
  }
  std::stable_sort(headers.begin(), headers.end(),
                   [](const HttpHeader& a, const HttpHeader& b) { return a.name < b.name; });
  std::vector<HttpHeader> joined;
  for (HttpHeader& header : headers) {
    if (!joined.empty() && joined.back().name == header.name) {
      joined.back().value += "," + header.value;
    } else {
      joined.push_back(std::move(header));
    }
  }
  return joined;
}

std::string SignedHeaders(const std::vector<HttpHeader>& headers) {
  std::string names;
  for (const HttpHeader& header : headers) names += (names.empty() ? "" : ";") + header.name;
  return names;
}

}  // namespace

std::string CanonicalPath(std::string_view path, std::string_view service) {
  if (service == "s3") return path.empty() ? "/" : std::string(path);
  return Encode(RemoveDotSegments(path), "/");
}

std::string CanonicalQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  for (size_t begin = 0; begin < query.size();) {
    const size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view parameter = query.substr(begin, end - begin);
    const size_t equals = std::min(parameter.find('='), parameter.size());
    const std::string_view value = parameter.substr(std::min(equals + 1, parameter.size()));
    if (!parameter.empty()) {
      parameters.emplace_back(Encode(Decode(parameter.substr(0, equals))), Encode(Decode(value)));
    }
    begin = end + 1;
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    out.append(out.empty() ? "" : "&").append(name).append(1, '=').append(value);
  }
  return out;
}

std::string CanonicalRequest(const AwsRequest& request, std::string_view service,
                             std::string_view payload_hash) {
  const std::vector<HttpHeader> headers = CanonicalHeaders(request);
  std::string out = request.method + "\n" + CanonicalPath(request.path, service) + "\n" +
                    CanonicalQuery(request.query) + "\n";
  for (const HttpHeader& header : headers) out += header.name + ":" + header.value + "\n";
  out += "\n" + SignedHeaders(headers) + "\n";
  return out.append(payload_hash);
}

std::vector<HttpHeader> SignV4(const AwsRequest& request, std::string_view service,
                               std::string_view region, const AwsCredentials& credentials,
                               std::chrono::system_clock::time_point now) {
  const std::string time =
      absl::FormatTime("%Y%m%dT%H%M%SZ", absl::FromChrono(now), absl::UTCTimeZone());
  const std::string date = time.substr(0, 8);
  const std::string payload_hash = Hex(Sha256(request.body));

  std::vector<HttpHeader> added = {{"X-Amz-Date", time}};
  if (!credentials.session_token.empty()) {
    added.push_back({"X-Amz-Security-Token", credentials.session_token});
  }
  if (service == "aoss" || service == "s3") added.push_back({"X-Amz-Content-Sha256", payload_hash});

  AwsRequest complete = request;
  complete.headers.insert(complete.headers.end(), added.begin(), added.end());
  const std::string scope = absl::StrFormat("%s/%s/%s/aws4_request", date, region, service);
  const std::string to_sign =
      absl::StrFormat("%s\n%s\n%s\n%s", kAlgorithm, time, scope,
                      Hex(Sha256(CanonicalRequest(complete, service, payload_hash))));
  std::string key = "AWS4" + credentials.secret_access_key;
  for (const std::string_view part :
       {std::string_view(date), region, service, std::string_view("aws4_request")}) {
    key = Hmac(key, part);
  }
  added.push_back(
      {"Authorization",
       absl::StrFormat("%s Credential=%s/%s, SignedHeaders=%s, Signature=%s", kAlgorithm,
                       credentials.access_key_id, scope, SignedHeaders(CanonicalHeaders(complete)),
                       Hex(Hmac(key, to_sign)))});
  return added;
}

}  // namespace indexswap
