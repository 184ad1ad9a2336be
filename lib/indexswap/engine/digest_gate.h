// The gate `digest`: the store gives back what was put, of a sample or of everything.
#ifndef INDEXSWAP_ENGINE_DIGEST_GATE_H_
#define INDEXSWAP_ENGINE_DIGEST_GATE_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <indexswap/engine.h>
#include <indexswap/generation.h>
#include <indexswap/store.h>

#include <functional>
#include <string>

#include "indexswap/engine/digest.h"

namespace indexswap {

// What the store gives back of the sample equals what was put, as JSON values. A document that was
// written anew since, at a higher version, is left out.
absl::StatusOr<GateResult> JudgeDigest(IndexStore& store, uint64_t generation,
                                       const DigestSample& sample);

// What the comparison of everything needs.
struct DigestInput {
  IndexStore& store;
  const GenerationMeta& meta;
  const BucketDigest& put;     // without those refused
  const DocumentSet& refused;  // which these were
  const DocumentSet& since;    // written, or deleted, by live changes since: left out
  // As SealInput::again; may be empty.
  const std::function<absl::Status(const std::string&, const DocumentVisitor&)>& again;
  // Called between pages; an error ends the comparison. May be empty.
  std::function<absl::Status()> on_page;
};

// Every document that a scan of the indexes gives equals what was put, and none is missing. Reads
// each index once. Where sums differ, the documents of the parts at fault are compared one by one,
// from another scan and `again`, and the first of those that are missing, extra or different are
// named. Memory is bounded whatever the number of documents. An error is one of the store's that
// says nothing about the build, or one of `again` and `on_page`.
absl::StatusOr<GateResult> JudgeWholeDigest(const DigestInput& input);

}  // namespace indexswap

#endif  // INDEXSWAP_ENGINE_DIGEST_GATE_H_
