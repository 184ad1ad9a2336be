// Reads messages from a file: one body a line.
#ifndef SYNCD_SOURCES_NDJSON_H_
#define SYNCD_SOURCES_NDJSON_H_

#include <absl/status/statusor.h>

#include <cstddef>
#include <memory>
#include <string>

#include "syncd/sources/source.h"

namespace syncd {

struct NdjsonOptions {
  // The longest line, in bytes without its end. It bounds the memory: a file that is no NDJSON
  // (a database dump, say) would otherwise be read into memory whole.
  size_t max_line_bytes = size_t{64} << 20;
};

// Opens `path`, in UTF-8, one JSON body a line. Blank lines count as lines, but are no messages;
// a byte order mark, CRLF and a missing newline at the end are accepted. Message bodies carry no
// line end, and Position::delivery is the number of the line.
//
// kNotFound when there is no such file, kInvalidArgument when it is a folder or compressed. Next
// returns kInvalidArgument naming file and line for a longer line than allowed (it is skipped; the
// following Next goes on behind it), kOutOfRange at the end. Ack does nothing. Interrupt is
// thread-safe; everything else belongs to one thread.
absl::StatusOr<std::unique_ptr<Source>> OpenNdjson(std::string path, NdjsonOptions options = {});

}  // namespace syncd

#endif  // SYNCD_SOURCES_NDJSON_H_
