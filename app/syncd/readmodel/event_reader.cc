#include "syncd/readmodel/event_reader.h"

namespace syncd {

absl::Status EventReader::Read(std::string_view body, const EventStamp& stamp, Sink sink) {
  const auto read = [&](const DecodedItem& item) -> absl::Status {
    if (absl::Status s = extractor_.Extract(item); !s.ok()) return s;
    const std::string order = OrderOf(channel_, item, stamp);
    for (const EntityRow& row : extractor_.rows()) {
      if (row.change == EntityRow::Change::kNone) continue;
      if (absl::Status s = sink({row, order}); !s.ok()) return s;
    }
    return absl::OkStatus();
  };
  return decoder_.Decode(body, read).status();
}

}  // namespace syncd
