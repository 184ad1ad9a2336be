// The port to whatever keeps indexes and aliases: OpenSearch, Elasticsearch, an SQLite file.
//
// Errors mean the same for every store:
//   kAborted             the fence: another writer has taken the lease; nothing was changed
//   kFailedPrecondition  the store is not in the state that the request asks for (an alias that
//                        is to be removed is not there); nothing was changed
//   kAlreadyExists, kNotFound   as they say; nothing was changed
//   kInvalidArgument     the store refuses the request as it is; nothing was changed
//   kOutOfRange          the request is too large; nothing was changed; send it in parts
//   kResourceExhausted   too busy, or a block is set; nothing was changed; worth trying later
//   kUnavailable         the store was not reached; nothing was changed
//   kUnknown             the answer was lost: the request may have been carried out, or may still
//   be kDataLoss            an answer that makes no sense; treated as kUnknown
#ifndef INDEXSWAP_STORE_H_
#define INDEXSWAP_STORE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/alias.h>
#include <indexswap/generation.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace indexswap {

class StoreInspector;  // inspector.h

// What every writing request carries: it takes effect only while this epoch's lease exists.
struct Fence {
  std::string release;
  uint64_t epoch = 0;
};

// Who holds a lease.
struct LeaseOwner {
  std::string host;
  int64_t pid = 0;
  std::string address;   // where the owner answers (host:port), or empty
  std::string state_id;  // identifies the owner's state folder; equal ids share one folder lock
  std::string id;        // random, new for each process
};

// The document in a lease.
struct LeaseRecord {
  LeaseOwner owner;
  uint64_t beat = 0;                // counts up while the owner lives
  uint64_t journal_position = 0;    // the owner's last durable event
  uint64_t highest_generation = 0;  // ever given to a build, so that no number is given twice
  bool free = false;                // given up in an orderly way
};

// One lease. The highest epoch is the one in force.
struct Lease {
  uint64_t epoch = 0;
  std::optional<LeaseRecord> record;  // nothing: created, and its owner has not written it yet
  std::string newer;                  // why this program can't read the record; empty: it can
};

// One index whose name parses as a generation of one of the families asked for.
struct IndexState {
  std::string name;
  std::optional<GenerationMeta> meta;  // nothing: a foreigner that looks like ours
  std::vector<uint64_t> write_epochs;  // of the private write aliases on it, ascending
  uint64_t bytes = 0;                  // on disk, primaries; an estimate
  std::string newer;  // why this program can't read its meta; empty: it can, or there is none
};

// What a store holds of one release, read as nearly at one moment as the store can.
struct StoreState {
  std::vector<Lease> leases;        // ascending by epoch
  std::vector<IndexState> indexes;  // in order of name
  AliasTable aliases;  // every alias of the names asked for, and every public alias on `indexes`
  std::vector<std::string> concrete;  // names of aliases asked for that are concrete indexes
};

// What Read is to look for.
struct StateQuery {
  std::string release;
  std::vector<std::string> families;
  std::vector<std::string> aliases;
};

// A new index.
struct IndexDefinition {
  std::string name;
  std::string mappings;  // JSON, as in FamilySpec
  std::string settings;  // JSON; replicas and refresh are the store's own while loading
  GenerationMeta meta;
};

// One write of a bulk request.
struct BulkItem {
  enum class Kind { kIndex, kDelete };

  Kind kind = Kind::kIndex;
  std::string index;     // the concrete index; the store goes through the private alias itself
  std::string id;        // document id, 1 to 512 bytes of UTF-8
  uint64_t version = 0;  // external: only a higher one than the stored one takes effect
  std::string document;  // JSON object; empty for kDelete
};

// What became of one item.
struct BulkResult {
  enum class Outcome {
    kDone,      // written, or deleted, or was not there to be deleted
    kNotNewer,  // the store holds this version or a later one; a success
    kRefused,   // the document can never be stored as it is; `reason` says why
    kBusy,      // not written: there was no room for it at the moment
    kFailed,    // not written: the server failed with it (5xx); may succeed later, or never
    kBlocked,   // not written: a block is set on the index; `reason` says which
    kFenced,    // not written: the private alias has moved to another writer
  };

  Outcome outcome = Outcome::kDone;
  std::string reason;  // for people; empty for the two successes
};

// An index, whoever made it.
struct IndexFacts {
  std::string name;
  std::string uuid;         // new for each index that is created, also under an old name
  uint64_t documents = 0;   // as of the last refresh
  uint64_t last_write = 0;  // rises with every document that is written or deleted, and only then
  uint64_t bytes = 0;       // on disk, primaries; an estimate
  std::vector<std::string> aliases;  // all but a private one, in order of name
};

// One request that changes a store, as it would be sent; for people, and for who compares it.
struct ExplainedRequest {
  std::string method;  // `PUT`; empty where nothing is sent, as in an embedded store
  std::string path;    // `/masterdoctorindex_v13`; empty likewise
  std::string body;    // JSON; SQL of an embedded store
};

// A document as stored.
struct StoredDocument {
  std::string id;
  uint64_t version = 0;
  std::string document;  // JSON, equal as a value to what was put
};

// What a search found.
struct SearchFound {
  uint64_t hits = 0;                  // documents that match, however many the answer shows
  std::chrono::microseconds took{0};  // from sending the request to its whole answer
};

// Takes one page of a scan.
using ScanVisitor = std::function<absl::Status(std::vector<StoredDocument>)>;

// The health of some indexes.
struct Health {
  enum class Colour { kGreen, kYellow, kRed };

  Colour colour = Colour::kGreen;
  std::string detail;  // figures for people
};

// Where indexes and aliases live. Every method may be called from any thread at any time; calls
// that write are carried out one after another or all at once as the store likes.
//
// Implementations: OpenSearchStore (opensearch.h), SqliteStore (sqlite.h). All are held to one
// contract suite (lib/indexswap/testing/store_contract.h).
class IndexStore {
 public:
  virtual ~IndexStore() = default;

  // What the store is, for people and logs: `OpenSearch 2.19.1 at http://127.0.0.1:9200`.
  virtual std::string Describe() const = 0;

  // Everything about one release. Changes nothing.
  virtual absl::StatusOr<StoreState> Read(const StateQuery& query) = 0;

  // Creates the lease `fence.epoch` with `record` in it. Creating is the mutex: of any number of
  // callers with one epoch exactly one succeeds, the others get kAlreadyExists. Whoever finds a
  // lease of a higher epoch there gets kAborted.
  virtual absl::Status CreateLease(const Fence& fence, const LeaseRecord& record) = 0;

  // Makes the created lease the one in force, in one atomic request: removes every lower lease and
  // moves the private write aliases of `indexes` (those that exist) to this epoch. From then on
  // every request under a lower epoch is refused.
  virtual absl::Status TakeOver(const Fence& fence, const std::vector<std::string>& indexes) = 0;

  // Replaces the record in the own lease. kAborted when the lease is gone.
  virtual absl::Status WriteLease(const Fence& fence, const LeaseRecord& record) = 0;

  // Creates an index in loading state (no refresh, no replicas) and gives it the private write
  // alias by a fenced request. kAlreadyExists when the name is taken, by an index or an alias.
  virtual absl::Status CreateIndex(const Fence& fence, const IndexDefinition& definition) = 0;

  // Replaces the `_meta` of an index.
  virtual absl::Status WriteMeta(const Fence& fence, const std::string& index,
                                 const GenerationMeta& meta) = 0;

  // Ends the loading state of an index: `settings` (JSON, as in FamilySpec) come into force, then
  // everything written before is made visible to searches.
  virtual absl::Status FinishLoading(const Fence& fence, const std::string& index,
                                     const std::string& settings) = 0;

  // Makes everything written before visible to searches.
  virtual absl::Status Refresh(const std::string& index) = 0;

  // Writes the items. On success the answer has one result an item, in their order. Items of one
  // id in one request take effect in their order. kAborted when the whole request was fenced.
  virtual absl::StatusOr<std::vector<BulkResult>> Bulk(const Fence& fence,
                                                       const std::vector<BulkItem>& items) = 0;

  // Documents in `target` (an index or an alias) that match `filter` (a query as JSON, empty for
  // all), as of the last refresh. Runs the filter on every document: one that fails on any of them
  // is kInvalidArgument. kNotFound when there is no such target.
  virtual absl::StatusOr<uint64_t> Count(const std::string& target, const std::string& filter) = 0;

  // Carries out `body`, a search request as JSON, on `target` (an index or an alias) as a reader
  // does, past every cache of answers; only documents that match `filter` (a query as JSON, empty
  // for all) are searched, as if an alias had it. kInvalidArgument: the target can't answer it,
  // such as a sort by a field that can't be sorted by. kUnimplemented: this store can't carry it
  // out, and says which part. kNotFound when there is no such target.
  virtual absl::StatusOr<SearchFound> Search(const std::string& target, const std::string& filter,
                                             const std::string& body) = 0;

  // What there is to know of any index, also of one that another program made. Changes nothing.
  // kNotFound when there is no index of that name, though there may be an alias.
  // kFailedPrecondition: this store has only indexes of its own.
  virtual absl::StatusOr<IndexFacts> Inspect(const std::string& index) = 0;

  // The documents of those ids which exist, in any order, visible to searches or not.
  virtual absl::StatusOr<std::vector<StoredDocument>> Fetch(
      const std::string& index, const std::vector<std::string>& ids) = 0;

  // Hands every document of `index`, as of the last refresh, to `visit`: a page of at most
  // `page_documents` after the other, in any order, each document once. Pages are of one moment:
  // what is written in between changes nothing. Reads any index, also one that another program
  // made. Memory is bounded by a page. An error of `visit` ends the scan and is returned; after
  // kUnavailable it can be begun anew. kNotFound when there is no such index.
  virtual absl::Status Scan(const std::string& index, size_t page_documents,
                            const ScanVisitor& visit) = 0;

  // The health of the indexes, after waiting up to the store's own time-out for `at_least`.
  virtual absl::StatusOr<Health> CheckHealth(const std::vector<std::string>& indexes,
                                             Health::Colour at_least) = 0;

  // Applies all actions, or none, in one atomic request under the fence. A removal of an alias
  // that is not there is kFailedPrecondition where the server can tell (see docs/compatibility.md).
  // A store that has only indexes of its own refuses to remove one here: kFailedPrecondition.
  virtual absl::Status UpdateAliases(const Fence& fence,
                                     const std::vector<AliasAction>& actions) = 0;

  // Deletes the indexes, all or none, in one request under the fence. One that has an alias other
  // than a private one is refused with kFailedPrecondition. Never expands wildcards.
  virtual absl::Status DeleteIndexes(const Fence& fence,
                                     const std::vector<std::string>& indexes) = 0;

  // The requests that CreateIndex sends for each of `created`, then those that bring the settings
  // of each into force, as FinishLoading does, and last that of UpdateAliases, which may name these
  // indexes; none for no actions. In the order in which they are sent, and as they are: what is
  // sent is made by the same code. Changes nothing.
  virtual std::vector<ExplainedRequest> Explain(const Fence& fence,
                                                const std::vector<IndexDefinition>& created,
                                                const std::vector<AliasAction>& actions) const = 0;

  // For diagnosis; owned by the store. nullptr where there is nothing to look at.
  virtual StoreInspector* inspector() { return nullptr; }
};

}  // namespace indexswap

#endif  // INDEXSWAP_STORE_H_
