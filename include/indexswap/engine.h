// The engine: builds the next generation beside the live one, proves it complete, and moves every
// alias to it in one atomic request, and back.
//
//   auto engine = indexswap::Engine::Open(store, release, options, &observer);
//   auto build = (*engine)->Begin();
//   (*build)->Put("masterdoctorindex", id, 0, json);
//   (*build)->Seal({});
//   (*engine)->Promote((*build)->generation(), {});
//
// Errors have the meaning that store.h gives them. Beside these: kFailedPrecondition, refused (a
// gate, a rival, the state of a generation), with the reason and the remedy; kUnknown, the outcome
// of a swap could not be found out within `outcome_timeout`.
#ifndef INDEXSWAP_ENGINE_H_
#define INDEXSWAP_ENGINE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/observer.h>
#include <indexswap/options.h>
#include <indexswap/release.h>
#include <indexswap/store.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indexswap {

// How Begin goes about it.
struct BeginInput {
  std::vector<std::string> overrides;  // gates let through by name
};

// Takes one document of a family, as it was put. An error ends the reading.
using DocumentVisitor = std::function<absl::Status(std::string_view id, std::string_view document)>;

// What the caller adds when it seals a build.
struct SealInput {
  std::vector<GateResult> gates;  // judged by the caller, such as `ended` and `rejected`
  // Hands every document that was put of one family to the visitor once more, in any order. Called
  // only where GateOptions::digest_all has found a difference, to find which documents differ; more
  // than once, on Seal's thread. Empty: only the parts of a family that differ can be named.
  std::function<absl::Status(const std::string& family, const DocumentVisitor& visit)> again = {};
};

// What sealing a build found.
struct SealReport {
  std::map<std::string, uint64_t> documents;  // family to documents in its index
  std::vector<GateResult> gates;
  bool passed = false;  // every gate passed
};

// What a swap does, or has done.
struct SwapReport {
  uint64_t from = 0;  // the generation that was live; 0 for none, and for what was adopted
  uint64_t to = 0;
  std::vector<AliasAction> actions;
  std::vector<std::string> pending;  // aliases left out because a concrete index has their name
  std::string request;               // the body that moves the aliases, for people; empty: none
  std::vector<ExplainedRequest> requests;  // of a plan: all that change the store's indexes and
                                           // aliases, in their order
  std::string state;                       // of a plan: what stands for the state it was made from
  std::vector<GateResult> gates;  // as recorded; of a plan, those that can be judged before; none
                                  // of a rollback that was carried out
  std::chrono::microseconds swap{0};  // from sending the request to its answer
};

// One generation, as status shows it.
struct GenerationStatus {
  struct Index {
    std::string family;
    std::string name;
    std::optional<uint64_t> documents;  // nothing when the store could not count
    uint64_t bytes = 0;
  };

  uint64_t generation = 0;
  // live, previous, building, sealed, abandoned, incomplete, foreign; of generation 0, which stands
  // for what was there before an adoption: live, previous, adopted, gone
  std::string state;
  std::optional<GenerationMeta> meta;
  std::vector<Index> indexes;
};

// One alias, as status shows it.
struct AliasStatus {
  std::string name;
  std::string index;                  // where it points; empty: nowhere. Several: comma-separated
  std::optional<uint64_t> documents;  // through the alias
  bool pending = false;               // a concrete index has its name
};

// All that is known of a release.
struct ReleaseStatus {
  std::string store;  // IndexStore::Describe
  std::optional<uint64_t> live;
  std::optional<uint64_t> previous;
  std::optional<uint64_t> building;
  std::vector<GenerationStatus> generations;  // ascending
  std::vector<AliasStatus> aliases;           // in the release's order
  std::optional<Lease> lease;                 // the one in force
  std::vector<std::string> findings;          // what is not as declared, for people
};

// What a look at the lease by one who waits for it has found, or done.
struct LeaseAttempt {
  bool taken = false;                   // this process holds it now
  std::optional<Lease> holder;          // who has it; if `taken`, who had it. Nothing: nobody
  std::chrono::milliseconds silent{0};  // for how long it has been looked at without a beat
};

// What prune did, or would do.
struct PruneReport {
  std::vector<RetentionVerdict> verdicts;
  std::vector<std::string> deleted;  // indexes; with dry_run, those that would be
};

// Which parts of two SwapReport::state differ, for people: `the plan`, `the aliases`, `the
// generations`, joined by commas. Pure.
std::string DifferenceOfStates(const std::string& one, const std::string& other);

// What Begin says of such `gates` (those of Engine::PlanSwap(0)): kFailedPrecondition names the
// first that stops it, with the remedy. Those that `overrides` names are let through, and say so;
// it may name gates that are judged later, too. So a caller can know before the lease is taken.
// Begin judges anew. Pure.
absl::Status StopsBuild(const std::vector<std::string>& overrides, std::vector<GateResult>& gates);

// Called within a swap or a rollback to `to`, after everything that takes time and right before the
// request: the caller stops writing live changes until the call that it was given to returns, and
// brings generation `to` up to the last that a reader may have seen. Returns the documents that
// each family of `to` now has by the caller's books; they are counted once more. An error ends the
// swap before anything has moved.
using HoldEvents =
    std::function<absl::StatusOr<std::map<std::string, uint64_t>>(uint64_t generation)>;

// How Promote goes about it.
struct PromoteInput {
  std::vector<std::string> overrides;  // gates let through by name
  HoldEvents hold;  // empty: nothing has written to the build since it was sealed
};

// What there is to take over of another program's.
struct AdoptionPlan {
  Adoption adoption;
  std::map<std::string, std::vector<std::string>> sources;  // family to indexes with its documents
  std::vector<std::string> pending;  // aliases that will be left out: indexes have their names
};

// One live change of one document.
struct Change {
  std::string family;
  std::string id;
  uint64_t version = 0;                 // the caller's rising number, below 2^40
  std::optional<std::string> document;  // JSON; nothing deletes
};

// A build under way: the indexes of one generation that is not live. Thread-safe. Must not outlive
// its engine. Destroying it without sealing leaves the build as it is, to be resumed or abandoned.
class Build {
 public:
  virtual ~Build() = default;

  virtual uint64_t generation() const = 0;
  virtual const GenerationMeta& meta() const = 0;

  // Hands over one document of `family`. Returns once it is buffered; blocks while the buffers are
  // full, as long as an index is blocked if need be. An error, from this or an earlier document, is
  // final for the build. `version` is the caller's rising number below 2^40; of two documents of
  // one id the higher version stays. A refused document is reported to the observer and is no error
  // here.
  virtual absl::Status Put(std::string_view family, std::string id, uint64_t version,
                           std::string document) = 0;

  // Waits until every document has been answered for, brings settings into force, refreshes, and
  // judges the gates. Records the judgement in `_meta`. A gate that does not pass is in the report,
  // and no error; only what the store could not do is.
  virtual absl::StatusOr<SealReport> Seal(const SealInput& input) = 0;

  // `on_wait` is called by Put and Seal, on their thread, every 100 ms in which they wait for the
  // store. An error that it returns ends the wait, and is final for the build: so a caller can stop
  // a build that stands still. May be empty.
  virtual void set_on_wait(std::function<absl::Status()> on_wait) = 0;

  // Why writing stands still at the moment, for people: a block on an index. Empty: it does not. It
  // goes on by itself when the block is gone.
  virtual std::string blocked() const = 0;

  // Documents answered for so far, of all families.
  virtual uint64_t written() const = 0;
  // Documents that the store refused.
  virtual uint64_t refused() const = 0;
};

// What Rollback says of a generation that was never live: kFailedPrecondition, with the remedy. For
// those who look at a status before they ask for it.
absl::Status NeverLive(uint64_t generation);

// The workflows over one release in one store. Thread-safe; one workflow at a time, a second call
// waits. Reading calls never take the lease; the first writing call does.
class Engine {
 public:
  virtual ~Engine() = default;

  // Checks the release and reads the store once. `observer` is not owned and may be null.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(std::shared_ptr<IndexStore> store,
                                                      ReleaseSpec release, EngineOptions options,
                                                      Observer* observer);

  // Takes the lease now rather than at the first writing call. kFailedPrecondition names the
  // holder while another's beats. Idempotent.
  virtual absl::Status TakeLease() = 0;

  // For a standby, which calls it again and again, several times in `lease.timeout`: takes the
  // lease if it is free, or if its holder has not beaten in `lease.timeout` of these looks, and
  // returns at once otherwise. An error is one of the store: the looks begin anew then. kAborted
  // when this process has had the lease and lost it.
  virtual absl::StatusOr<LeaseAttempt> TryLease() = 0;

  // Whether this process holds the lease beyond doubt: OK if the store has confirmed it less than
  // half of `lease.timeout` ago, so that no rival can have taken it. kUnavailable: it has not, as
  // after a sleep of this process, or while the store can't be reached; kFailedPrecondition and
  // kAborted as CheckLease. Asks nobody, and never waits: the next beat confirms it.
  virtual absl::Status ConfirmLease() const = 0;

  // Whether this process may write: OK; kFailedPrecondition, it has not taken the lease; kAborted,
  // it has lost it. Asks nobody, so it tells what is known.
  virtual absl::Status CheckLease() const = 0;

  // The number that Begin would take. Right while the lease is held.
  virtual uint64_t NextGeneration() const = 0;

  // Gives the lease back, so that a successor need not wait. Idempotent.
  virtual absl::Status ReleaseLease() = 0;

  // Creates the indexes of the next generation. Its number is one above every number in use.
  // kFailedPrecondition names the gate that stopped it before anything was created: `capacity`,
  // `blocks`, `templates`.
  virtual absl::StatusOr<std::unique_ptr<Build>> Begin(const BeginInput& input = {}) = 0;

  // What could be adopted: the indexes behind the release's aliases, and those that have the name
  // of one. Sets nothing on them and changes nothing in them. kFailedPrecondition when a generation
  // is live, there is nothing of the kind, or the store has only indexes of its own.
  virtual absl::StatusOr<AdoptionPlan> PlanAdoption() = 0;

  // Begin for a generation that takes over what PlanAdoption found. The caller reads the sources
  // after that, and puts what their documents become; the gate `changed` fails if anybody writes
  // to an adopted index from then until the promotion. That moves the aliases off the adopted
  // indexes, which stay as generation 0: Rollback to 0 restores their aliases exactly.
  virtual absl::StatusOr<std::unique_ptr<Build>> BeginAdoption(const Adoption& adoption,
                                                               const BeginInput& input = {}) = 0;

  // Deletes the concrete indexes of these names, and makes the names aliases of the live
  // generation, all in one request: reads of such a name fail for some milliseconds. Generation 0
  // is gone with it. kFailedPrecondition when an alias still points at one of them, or (gates
  // `changed` and `shrink`, unless in `overrides`) one is not what was adopted, or holds far more
  // documents than its successor.
  virtual absl::StatusOr<SwapReport> TakeNames(const std::vector<std::string>& names,
                                               const std::vector<std::string>& overrides) = 0;

  // Goes on with a generation that is still building, from an empty or partly loaded index: every
  // document is to be put again. kNotFound when there is none of that number;
  // kFailedPrecondition when it is not building or its plan hash differs.
  virtual absl::StatusOr<std::unique_ptr<Build>> Resume(uint64_t generation) = 0;

  // Marks a generation that no public alias names as abandoned, with the reason.
  virtual absl::Status Abandon(uint64_t generation, const std::string& reason) = 0;

  // Makes a sealed generation live: judges again what may have changed, lets the gates named in
  // `input.overrides` through (not `ended`, not `counts`), moves all aliases in one request, and
  // reads them back. kFailedPrecondition names the gate that stopped it.
  virtual absl::StatusOr<SwapReport> Promote(uint64_t generation,
                                             const PromoteInput& input = {}) = 0;

  // What Promote would send if the generation `to` existed and passed; changes nothing. 0: the
  // number that Begin would take, with the gates that Begin judges, and with the requests that
  // create its indexes: as they will be, but for the build's id and time, and the figures of the
  // gates, in `_meta`. Of another generation, the gate `blocks`. kFailedPrecondition when a block
  // keeps even the release from being read.
  virtual absl::StatusOr<SwapReport> PlanSwap(uint64_t to) = 0;

  // What Rollback would do and send; changes nothing. The errors are Rollback's. `gates` has
  // `blocks`, which Rollback itself does not look at: the store refuses it then.
  virtual absl::StatusOr<SwapReport> PlanRollback(std::optional<uint64_t> to = std::nullopt) = 0;

  // The `state` that a plan has now. It is another once an alias, a generation or the release is
  // another; counts, live documents and leases don't change it.
  virtual absl::StatusOr<std::string> State() = 0;

  // Moves the aliases back to what the live generation replaced, or to `to`. kFailedPrecondition
  // when there is no such complete generation. `hold` may be empty. 0: to what was there before the
  // adoption, where nobody catches up, so `hold` is not called.
  virtual absl::StatusOr<SwapReport> Rollback(std::optional<uint64_t> to = std::nullopt,
                                              const HoldEvents& hold = {}) = 0;

  // Writes live changes to one generation and waits for the answers, one a change, in order: never
  // kFenced. Doesn't wait for a workflow. kNotFound: an index of the generation is gone.
  virtual absl::StatusOr<std::vector<BulkResult>> Apply(uint64_t generation,
                                                        const std::vector<Change>& changes) = 0;

  // Hands over every document of an index, of this release or another program's, in pages, as
  // IndexStore::Scan does; what was written before the call is among them. Needs no lease.
  virtual absl::Status ReadIndex(const std::string& index, const ScanVisitor& visit) = 0;

  // Deletes what retention allows. With `dry_run`, only says so, without the lease.
  virtual absl::StatusOr<PruneReport> Prune(bool dry_run) = 0;

  // What the store holds. Counts documents, so it costs a request an index and an alias.
  virtual absl::StatusOr<ReleaseStatus> Status() = 0;
};

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_H_
