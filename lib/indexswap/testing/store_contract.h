// The contract suite: what every IndexStore must do, as tests that run over any of them.
//
// A test executable registers one factory a store, before InitGoogleTest:
//
//   int main(int argc, char** argv) {
//     indexswap::testing::RegisterStore({.name = "Memory", .make = ..., .reopen = ...});
//     testing::InitGoogleTest(&argc, argv);
//     return RUN_ALL_TESTS();
//   }
//
// Each test uses release, family and alias names of its own, so the suite can run on a server that
// others use as well, and cleans up behind itself.
#ifndef INDEXSWAP_TESTING_STORE_CONTRACT_H_
#define INDEXSWAP_TESTING_STORE_CONTRACT_H_

#include <absl/status/status.h>
#include <gtest/gtest.h>
#include <indexswap/store.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "indexswap/testing/sanitized.h"

namespace indexswap::testing {

// How the suite gets at one store, and what that store leaves open.
struct StoreFactory {
  // Of the store in test names: letters and digits only.
  std::string name;

  // A handle on the store under test: a new, empty store, or the one server that all tests share.
  std::function<std::unique_ptr<IndexStore>()> make;

  // Another handle on the store that the last `make` was about, as a second process would open it.
  std::function<std::unique_ptr<IndexStore>()> reopen;

  // Creates a concrete index in that store as another program would: no `_meta` of ours. Tests
  // that need one are skipped when it is empty.
  std::function<absl::Status(const std::string& name)> create_foreign_index;

  // Writes JSON documents to such an index, without ids of their own where the store can give
  // them some, and refreshes it.
  std::function<absl::Status(const std::string& name, const std::vector<std::string>& documents)>
      fill_foreign_index;

  // Removes every index whose name begins with `prefix`, leases and foreigners too. May be empty.
  std::function<void(const std::string& prefix)> clean_up;

  // The removal of an alias that is not there is refused (not so on Elasticsearch 7.10, whose
  // requests know no `must_exist`).
  bool must_exist = true;

  // How often two rivals race each other.
  int races = kSanitized ? 20 : 200;

  // Count does not see a document before Refresh or FinishLoading. Where false, it may.
  bool visible_only_after_refresh = true;
};

// In failure messages.
inline void PrintTo(const StoreFactory& factory, std::ostream* out) { *out << factory.name; }

// Adds a store to those that the suite runs over. Before InitGoogleTest; not thread-safe.
void RegisterStore(StoreFactory factory);

// The fixture of every contract test; its helpers write through the port only.
class StoreContract : public ::testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Creates the lease of `epoch`, takes over, and returns the fence under it.
  Fence Lead(uint64_t epoch, const std::vector<std::string>& indexes = {});

  // The meta and the definition of an index of `family` (a suffix; the prefix is added).
  GenerationMeta MetaOf(uint64_t generation) const;
  IndexDefinition DefinitionOf(const std::string& index) const;

  // Creates generation `generation` of the first family and returns the index's name.
  std::string CreateMaster(const Fence& fence, uint64_t generation);

  // Reads the test's release: both families and `aliases`.
  StoreState ReadState(const std::vector<std::string>& aliases = {});

  // One item's result; the test fails if the request as a whole does.
  BulkResult WriteOne(const Fence& fence, const BulkItem& item);
  std::vector<BulkResult> Write(const Fence& fence, const std::vector<BulkItem>& items);

  // Count, or a test failure and -1.
  int64_t CountOf(const std::string& target, const std::string& filter = "");

  // The stored document's JSON, canonical, and its version; empty when there is none.
  std::string DocumentOf(const std::string& index, const std::string& id);
  uint64_t VersionOf(const std::string& index, const std::string& id);

  // The one index that `alias` points at; empty when it points at nothing.
  std::string TargetOf(const std::string& alias);

  // A name of this test's own: `<release>_<name>`.
  std::string Unique(const std::string& name) const { return release_ + "_" + name; }

  std::string release_;  // unique to the test
  std::string master_;   // a family
  std::string other_;    // another
  std::unique_ptr<IndexStore> store_;
};

// A record whose owner is `id`.
LeaseRecord RecordOf(const std::string& id);

// Items of a bulk request.
BulkItem Put(const std::string& index, const std::string& id, uint64_t version,
             const std::string& document);
BulkItem Delete(const std::string& index, const std::string& id, uint64_t version);

// Actions of an alias request.
AliasAction Add(const std::string& alias, const std::string& index, const std::string& filter = "");
AliasAction Remove(const std::string& alias, const std::string& index);

}  // namespace indexswap::testing

#endif  // INDEXSWAP_TESTING_STORE_CONTRACT_H_
