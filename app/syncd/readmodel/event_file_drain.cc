// The way from the outbox of a generation's file to its index.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <set>

#include "syncd/readmodel/event_file.h"

namespace syncd {
namespace {

// Documents handed over at once.
constexpr size_t kPartDocuments = 1000;
constexpr size_t kPartBytes = 4u << 20;

// Join keys read from the outbox at once.
constexpr int kPageKeys = 1000;

// Collects changes to parts of bounded size.
class Parts {
 public:
  using Send = absl::FunctionRef<absl::Status(std::vector<DocumentChange>&& part)>;

  explicit Parts(Send send) : send_(send) {}

  absl::Status Add(std::vector<DocumentChange>&& changes) {
    for (DocumentChange& change : changes) {
      bytes_ += change.document ? change.document->size() : 0;
      part_.push_back(std::move(change));
      if (part_.size() < kPartDocuments && bytes_ < kPartBytes) continue;
      if (absl::Status s = Flush(); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  absl::Status Flush() {
    if (part_.empty()) return absl::OkStatus();
    bytes_ = 0;
    return send_(std::exchange(part_, {}));
  }

 private:
  Send send_;
  std::vector<DocumentChange> part_;
  size_t bytes_ = 0;
};

}  // namespace

absl::Status EventFile::ProjectKey(std::string_view join_key, std::vector<DocumentChange>& puts,
                                   std::vector<DocumentChange>& deletes) {
  std::set<std::pair<std::string, std::string>> there;
  for (KeyProjector& projector : projectors_) {
    const std::string& family = projector.family().name;
    const absl::Status s =
        projector.Project(join_key, [&](std::string_view id, std::string&& document) {
          there.emplace(family, id);
          puts.push_back({family, std::string(id), std::move(document), false});
          return absl::OkStatus();
        });
    if (s.ok()) continue;
    if (!absl::IsInternal(s)) return s;
    std::erase_if(puts, [&](const DocumentChange& put) { return put.family == family; });
    if (absl::Status t = AddFailed(projector, join_key, s, puts); !t.ok()) return t;
    for (const DocumentChange& put : puts) there.emplace(put.family, put.id);
  }
  std::set<std::pair<std::string, std::string>> formers;
  former_.BindText(1, join_key);
  absl::StatusOr<bool> row = former_.Step();
  for (; row.ok() && *row; row = former_.Step()) {
    std::pair<std::string, std::string> former(former_.TextCopy(0), former_.TextCopy(1));
    if (!there.contains(former)) {
      deletes.push_back({former.first, former.second, std::nullopt, true});
    }
    if (former_.Integer(2) != 0) formers.insert(std::move(former));
  }
  former_.Reset();
  for (DocumentChange& put : puts) put.existed = formers.contains({put.family, put.id});
  return row.status();
}

// The documents of a key on which a view fails. They must not hold up all others.
absl::Status EventFile::AddFailed(KeyProjector& projector, std::string_view join_key,
                                  const absl::Status& reason, std::vector<DocumentChange>& puts) {
  return projector.Ids(join_key, [&](std::string_view id) {
    puts.push_back({projector.family().name, std::string(id), std::nullopt, false,
                    absl::StrCat("its view fails: ", std::string(reason.message()))});
  });
}

absl::Status EventFile::Drain(Sender send) {
  return Drain(send, [] { return absl::OkStatus(); });
}

absl::Status EventFile::Drain(Sender send, absl::FunctionRef<absl::Status()> settle) {
  auto select = db_->Prepare("SELECT join_key FROM outbox WHERE join_key > ?1 LIMIT ?2");
  if (!select.ok()) return select.status();
  std::vector<RefusalNote> notes;
  const auto send_part = [&](std::vector<DocumentChange>&& part) {
    return SendPart(std::move(part), send, notes);
  };
  Parts parts(send_part);
  std::vector<DocumentChange> deletes;
  std::string last;
  for (bool more = true; more;) {
    std::vector<std::string> keys;
    select->BindText(1, last);
    select->BindInteger(2, kPageKeys);
    absl::StatusOr<bool> row = select->Step();
    for (; row.ok() && *row; row = select->Step()) keys.push_back(select->TextCopy(0));
    select->Reset();
    if (!row.ok()) return row.status();
    more = !keys.empty();
    for (const std::string& key : keys) {
      std::vector<DocumentChange> puts;
      if (absl::Status s = ProjectKey(key, puts, deletes); !s.ok()) return s;
      if (absl::Status s = parts.Add(std::move(puts)); !s.ok()) return s;
    }
    if (more) last = keys.back();
  }
  if (last.empty()) return absl::OkStatus();
  // Of one version a later write is refused, so a document that has only moved to another key
  // stays.
  if (absl::Status s = parts.Flush(); !s.ok()) return s;
  if (absl::Status s = parts.Add(std::move(deletes)); !s.ok()) return s;
  if (absl::Status s = parts.Flush(); !s.ok()) return s;
  if (absl::Status s = settle(); !s.ok()) return s;
  for (const RefusalNote& note : notes) {
    if (absl::Status s = NoteRefused(note); !s.ok()) return s;
  }
  absl::Status s = db_->Begin();
  if (s.ok()) s = db_->Execute("DELETE FROM outbox; DELETE FROM former_id");
  if (s.ok()) s = db_->Commit();
  if (!s.ok()) db_->Rollback();
  return s;
}

// A document that was refused before is not there, although the views have had it.
absl::Status EventFile::SendPart(std::vector<DocumentChange>&& part, Sender send,
                                 std::vector<RefusalNote>& notes) {
  std::vector<bool> was_refused(part.size());
  for (size_t i = 0; i < part.size(); ++i) {
    is_refused_.BindText(1, part[i].family);
    is_refused_.BindText(2, part[i].id);
    const auto row = is_refused_.Step();
    is_refused_.Reset();
    if (!row.ok()) return row.status();
    was_refused[i] = *row;
    if (*row) part[i].existed = false;
  }
  const auto refused = send(part, cursor_);
  if (!refused.ok()) return refused.status();
  for (size_t i = 0; i < part.size(); ++i) {
    const bool is_refused = std::ranges::binary_search(*refused, i);
    if (is_refused == was_refused[i] || (is_refused && part[i].existed)) continue;
    notes.push_back({part[i].family, part[i].id, is_refused});
  }
  return absl::OkStatus();
}

absl::Status EventFile::NoteRefused(const RefusalNote& note) {
  Statement& statement = note.refused ? add_refused_ : drop_refused_;
  statement.BindText(1, note.family);
  statement.BindText(2, note.id);
  return statement.Run();
}

}  // namespace syncd
