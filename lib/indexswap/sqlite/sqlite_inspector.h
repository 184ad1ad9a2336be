// What can be seen of an embedded store from outside its tables.
#ifndef INDEXSWAP_SQLITE_SQLITE_INSPECTOR_H_
#define INDEXSWAP_SQLITE_SQLITE_INSPECTOR_H_

#include <indexswap/inspector.h>

#include <string>
#include <vector>

namespace indexswap {

// Looks at the file and its folder; there are no templates, and blocks are those of the file
// system.
class SqliteInspector : public StoreInspector {
 public:
  explicit SqliteInspector(std::string path) : path_(std::move(path)) {}

  std::vector<CapabilityFacts> Capabilities() const override { return {}; }
  absl::StatusOr<std::vector<TemplateFacts>> Templates(const std::vector<std::string>&) override {
    return std::vector<TemplateFacts>();
  }
  absl::StatusOr<std::vector<BlockFacts>> Blocks(const std::vector<std::string>& indexes) override;
  absl::StatusOr<std::vector<DiskFacts>> Disks() override;
  std::vector<ProbeFacts> Probe(const StateQuery&) override { return {}; }
  std::vector<std::string> Untried() const override { return {}; }

 private:
  const std::string path_;
};

}  // namespace indexswap

#endif  // INDEXSWAP_SQLITE_SQLITE_INSPECTOR_H_
