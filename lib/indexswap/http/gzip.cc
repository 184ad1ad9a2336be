#include "indexswap/http/gzip.h"

#include <zlib.h>

#include <limits>

namespace indexswap {
namespace {

constexpr int kGzipWindow = 15 + 16;  // of zlib: the largest window, with gzip's header
constexpr int kMemoryLevel = 8;       // zlib's default

absl::Status Failure(const z_stream& stream) {
  return absl::InternalError(std::string("can't compress a request: ") +
                             (stream.msg == nullptr ? "zlib failed" : stream.msg));
}

}  // namespace

absl::StatusOr<std::string> Gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return Failure(stream);
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  // In one step: `out` has room for any outcome.
  const bool fits = text.size() <= std::numeric_limits<uInt>::max();
  const bool done = fits && deflate(&stream, Z_FINISH) == Z_STREAM_END;
  const absl::Status failure = done ? absl::OkStatus() : Failure(stream);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (!failure.ok()) return failure;
  return out;
}

}  // namespace indexswap
