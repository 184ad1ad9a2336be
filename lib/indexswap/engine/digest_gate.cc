#include "indexswap/engine/digest_gate.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <indexswap/names.h>

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "indexswap/engine/judgement.h"
#include "indexswap/json/canonical.h"

namespace indexswap {
namespace {

constexpr uint64_t kVersionMask = (1ULL << 40) - 1;
constexpr size_t kPageDocuments = 1000;    // about a megabyte
constexpr int kScans = 3;                  // a scan that was cut off is begun anew so often
constexpr size_t kNamed = 20;              // documents, and buckets, that are named
constexpr size_t kMostEntries = 1u << 20;  // documents compared one by one at a time: 16 MiB
constexpr size_t kMostOfOneBucket = 4 * kMostEntries;  // where one bucket has more than these

// What differs between the sample of one family and the store.
absl::Status CompareSample(IndexStore& store, const std::string& index,
                           const std::vector<DigestSample::Entry>& entries, Judgement& digest) {
  std::vector<std::string> ids;
  for (const DigestSample::Entry& entry : entries) ids.push_back(entry.id);
  const auto stored = store.Fetch(index, ids);
  if (!stored.ok()) return stored.status();
  std::unordered_map<std::string, const StoredDocument*> by_id;
  for (const StoredDocument& document : *stored) by_id[document.id] = &document;
  for (const DigestSample::Entry& entry : entries) {
    const auto found = by_id.find(entry.id);
    if (found == by_id.end()) {
      digest.Fail(absl::StrFormat("%s: %s is missing", index, entry.id));
      continue;
    }
    if ((found->second->version & kVersionMask) > entry.version) continue;
    const auto put = CanonicalJson(entry.document);
    const auto got = CanonicalJson(found->second->document);
    if (!put.ok() || !got.ok() || *put != *got) {
      digest.Fail(absl::StrFormat("%s: %s is not as it was written", index, entry.id));
    }
  }
  digest.Note(absl::StrFormat("%s: %d documents equal", index, entries.size()));
  return absl::OkStatus();
}

// One document that was put, in a part that differs.
struct Entry {
  uint64_t identity = 0;
  uint64_t content : 63 = 0;
  uint64_t seen : 1 = 0;
};

uint64_t ShortOf(const ContentHash& hash) { return hash.low >> 1; }

// Ids of one kind: the first few, and how many there are.
struct Named {
  const char* kind;
  uint64_t count = 0;
  std::vector<std::string> ids = {};

  void Add(std::string_view id) {
    if (++count <= kNamed) ids.emplace_back(id);
  }
  std::string Text() const {
    const std::string more =
        count > ids.size() ? absl::StrFormat(" and %d more", count - ids.size()) : "";
    return absl::StrFormat("%s %s%s", kind, absl::StrJoin(ids, ", "), more);
  }
};

// Compares one family with its index.
class FamilyDigest {
 public:
  FamilyDigest(const DigestInput& input, const std::string& family)
      : input_(input),
        family_(family),
        index_(IndexName(family, input.meta.generation)),
        put_(input.put.Of(family)) {}

  absl::Status Judge(Judgement& digest) {
    if (absl::Status s = SumUp(); !s.ok()) {
      if (!absl::IsNotFound(s)) return s;
      digest.Fail(absl::StrFormat("%s: %s", index_, std::string(s.message())));
      return absl::OkStatus();
    }
    for (size_t bucket = 0; bucket < kBuckets; ++bucket) {
      if (put_[bucket] == got_[bucket]) continue;
      // Of so many changes since, not all are known by document.
      if (input_.since.overflown() && Touched(bucket)) continue;
      differing_.push_back(bucket);
    }
    const bool can_compare = input_.again && !input_.refused.overflown();
    if (can_compare) {
      if (absl::Status s = CompareDocuments(); !s.ok()) return s;
    }
    if (Differences() > 0) {
      FailNamed(digest);
      return absl::OkStatus();
    }
    std::erase_if(differing_, [this](size_t bucket) { return Touched(bucket); });
    if (differing_.empty()) {
      NoteEqual(digest);
    } else {
      Fail(digest, can_compare && !too_many_ ? "no single document does: was an id put twice?"
                                             : "which documents do can't be told here");
    }
    return absl::OkStatus();
  }

 private:
  using Visit = std::function<void(const StoredDocument&)>;

  bool Touched(size_t bucket) const { return input_.since.Touches(family_, bucket); }
  uint64_t Differences() const { return missing_.count + extra_.count + different_.count; }

  // Each document of the index once; `reset` is called before, and before it is begun anew.
  absl::Status Scan(const std::function<void()>& reset, const Visit& visit) {
    absl::Status scanned;
    for (int scan = 0; scan < kScans; ++scan) {
      reset();
      scanned = input_.store.Scan(index_, kPageDocuments,
                                  [&](const std::vector<StoredDocument>& page) -> absl::Status {
                                    for (const StoredDocument& document : page) visit(document);
                                    return input_.on_page ? input_.on_page() : absl::OkStatus();
                                  });
      if (!absl::IsUnavailable(scanned)) break;
    }
    return scanned;
  }

  absl::Status SumUp() {
    const auto reset = [this] {
      got_ = {};
      documents_ = 0;
    };
    return Scan(reset, [this](const StoredDocument& document) {
      const size_t bucket = BucketOf(IdentityOf(family_, document.id));
      got_[bucket].Add(HashValue(family_, document.id, document.document));
      ++documents_;
    });
  }

  // The parts that differ, as many at a time as there is room for, until documents are found.
  absl::Status CompareDocuments() {
    for (size_t next = 0; next < differing_.size() && Differences() == 0 && !too_many_;) {
      uint64_t documents = 0;
      chosen_.fill(false);
      while (next < differing_.size()) {
        const size_t bucket = differing_[next];
        documents += put_[bucket].documents;
        if (documents > kMostEntries && put_[bucket].documents < documents) break;
        chosen_[bucket] = true;
        ++next;
      }
      if (absl::Status s = ReadPut(); !s.ok()) return s;
      if (too_many_) return absl::OkStatus();
      if (absl::Status s = CompareChosen(); !s.ok()) return s;
      if (absl::Status s = NameMissing(); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  // What was put into the chosen parts, in order of identity.
  absl::Status ReadPut() {
    entries_.clear();
    const absl::Status read = input_.again(
        family_, [this](std::string_view id, std::string_view document) -> absl::Status {
          const uint64_t identity = IdentityOf(family_, id);
          if (!chosen_[BucketOf(identity)] || input_.refused.Contains(family_, id)) {
            return absl::OkStatus();
          }
          if (entries_.size() >= kMostOfOneBucket) return absl::OutOfRangeError("too many");
          entries_.push_back({identity, ShortOf(HashValue(family_, id, document)), 0});
          return input_.on_page && entries_.size() % kPageDocuments == 0 ? input_.on_page()
                                                                         : absl::OkStatus();
        });
    too_many_ = entries_.size() >= kMostOfOneBucket;
    if (too_many_) return absl::OkStatus();
    std::ranges::sort(entries_, {}, &Entry::identity);
    return read;
  }

  Entry* Find(uint64_t identity) {
    const auto found = std::ranges::lower_bound(entries_, identity, {}, &Entry::identity);
    return found != entries_.end() && found->identity == identity ? &*found : nullptr;
  }

  absl::Status CompareChosen() {
    const auto reset = [this] {
      extra_ = {"extra"};
      different_ = {"different"};
      for (Entry& entry : entries_) entry.seen = 0;
    };
    return Scan(reset, [this](const StoredDocument& document) {
      const uint64_t identity = IdentityOf(family_, document.id);
      if (!chosen_[BucketOf(identity)]) return;
      Entry* put = Find(identity);
      const bool again = put != nullptr && put->seen != 0;
      if (put != nullptr) put->seen = 1;
      if (input_.since.Contains(family_, document.id)) return;
      if (put == nullptr || again) {
        extra_.Add(document.id);
      } else if (ShortOf(HashValue(family_, document.id, document.document)) != put->content) {
        different_.Add(document.id);
      }
    });
  }

  absl::Status NameMissing() {
    // An id that was put twice is two entries, of which one is seen.
    for (size_t i = 1; i < entries_.size(); ++i) {
      if (entries_[i].identity == entries_[i - 1].identity) entries_[i].seen = entries_[i - 1].seen;
    }
    if (std::ranges::all_of(entries_, [](const Entry& entry) { return entry.seen != 0; })) {
      return absl::OkStatus();
    }
    return input_.again(family_, [this](std::string_view id, std::string_view) -> absl::Status {
      Entry* put = Find(IdentityOf(family_, id));
      if (put == nullptr || put->seen != 0) return absl::OkStatus();
      put->seen = 1;
      if (!input_.since.Contains(family_, id)) missing_.Add(id);
      return absl::OkStatus();
    });
  }

  void NoteEqual(Judgement& digest) {
    std::string note = absl::StrFormat("%s: all %d documents equal", index_, documents_);
    if (input_.since.overflown()) {
      note += ", but those of parts in which too much was written since, which are not compared";
    } else if (input_.since.Touches(family_)) {
      note += ", but those written anew since, which are not compared";
    }
    digest.Note(std::move(note));
  }

  void FailNamed(Judgement& digest) {
    std::vector<std::string> kinds;
    for (const Named* named : {&missing_, &extra_, &different_}) {
      if (named->count > 0) kinds.push_back(named->Text());
    }
    Fail(digest, absl::StrJoin(kinds, "; "));
  }

  void Fail(Judgement& digest, const std::string& which) {
    std::vector<size_t> first(
        differing_.begin(),
        differing_.begin() + static_cast<std::ptrdiff_t>(std::min(differing_.size(), kNamed)));
    digest.Fail(absl::StrFormat("%s: of %d documents in %d buckets those of %d differ (%s%s): %s",
                                index_, documents_, kBuckets, differing_.size(),
                                absl::StrJoin(first, ", "),
                                first.size() < differing_.size() ? ", …" : "", which));
  }

  const DigestInput& input_;
  const std::string& family_;
  const std::string index_;
  const BucketSums put_;
  BucketSums got_{};
  uint64_t documents_ = 0;  // in the index
  std::vector<size_t> differing_;
  std::array<bool, kBuckets> chosen_{};
  std::vector<Entry> entries_;
  bool too_many_ = false;
  Named missing_{"missing"};
  Named extra_{"extra"};
  Named different_{"different"};
};

}  // namespace

absl::StatusOr<GateResult> JudgeDigest(IndexStore& store, uint64_t generation,
                                       const DigestSample& sample) {
  Judgement digest("digest");
  for (const auto& [family, entries] : sample.Entries()) {
    const absl::Status compared =
        CompareSample(store, IndexName(family, generation), entries, digest);
    if (!compared.ok()) return compared;
  }
  return digest.Result();
}

absl::StatusOr<GateResult> JudgeWholeDigest(const DigestInput& input) {
  Judgement digest("digest");
  for (const std::string& family : input.meta.families) {
    if (absl::Status s = FamilyDigest(input, family).Judge(digest); !s.ok()) return s;
  }
  return digest.Result();
}

}  // namespace indexswap
