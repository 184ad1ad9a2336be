// The body of an `_aliases` request, fenced by the writer's lease. Pure.
#ifndef INDEXSWAP_OPENSEARCH_ALIAS_REQUEST_H_
#define INDEXSWAP_OPENSEARCH_ALIAS_REQUEST_H_

#include <absl/status/status.h>
#include <indexswap/store.h>

#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

// Builds one request. Its first action is always the fence: it adds the leader alias to the
// writer's own lease index, so the whole request fails once that index is gone. The leader is the
// alias's write index, which two indexes can't be at a time: so it also fails while another lease
// leads.
//
// Names are checked on the way: a wildcard or a list in an action would mean other indexes than
// the one it names. A bad name or filter makes status() fail, and the body must not be sent.
class AliasRequest {
 public:
  // It is sent by POST.
  static constexpr char kPath[] = "/_aliases";

  explicit AliasRequest(const Fence& fence);

  // `filter` is a query as JSON, or empty; `options` as in AliasTarget.
  void Add(const std::string& index, const std::string& alias, std::string_view filter = "",
           std::string_view options = "");
  // `must_exist`: fails when the alias is not there; only for servers that know the word.
  void Remove(const std::string& index, const std::string& alias, bool must_exist);
  void RemoveIndex(const std::string& index);

  const absl::Status& status() const { return status_; }
  std::string Body() const { return "{\"actions\":[" + actions_ + "]}"; }
  // The indexes named, the lease first.
  const std::vector<std::string>& indexes() const { return indexes_; }

 private:
  bool Check(const std::string& index, const std::string* alias);

  absl::Status status_;
  std::string actions_;
  std::vector<std::string> indexes_;
};

// OK when `name` can only mean the one index or alias of that name: no wildcard, list, date
// arithmetic, exclusion or `_all`. kInvalidArgument otherwise.
absl::Status CheckSingleName(std::string_view name);

}  // namespace indexswap

#endif  // INDEXSWAP_OPENSEARCH_ALIAS_REQUEST_H_
