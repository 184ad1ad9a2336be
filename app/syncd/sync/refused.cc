#include "syncd/sync/refused.h"

namespace syncd {
namespace {

constexpr int kPage = 1000;

// Forgets what an earlier try of the same load was refused: it is about to be tried again.
absl::Status DropRefused(DeadLetters& letters) {
  int64_t after = 0;
  while (true) {
    const auto page = letters.List(after, kPage);
    if (!page.ok()) return page.status();
    if (page->empty()) return absl::OkStatus();
    for (const DeadLetter& letter : *page) {
      after = letter.id;
      if (letter.kind != DeadLetter::Kind::kRefused) continue;
      if (absl::Status s = letters.Drop(letter.id); !s.ok()) return s;
    }
  }
}

}  // namespace

absl::Status RefusedDocuments::Attach(const std::string& path) {
  const std::lock_guard lock(mutex_);
  // A connection of its own, because the projection reads through the other one meanwhile. What is
  // lost with a power failure is loaded, and refused, again.
  auto file = GenerationFile::Open(path, Durability::kNormal);
  if (!file.ok()) return file.status();
  file_ = *std::move(file);
  error_ = absl::OkStatus();
  if (absl::Status s = file_->ForgetRefused(); !s.ok()) return s;
  return DropRefused(file_->dead_letters());
}

void RefusedDocuments::Add(const indexswap::RefusedDocument& document) {
  const std::lock_guard lock(mutex_);
  if (!file_) return;
  DeadLetter letter;
  letter.kind = DeadLetter::Kind::kRefused;
  letter.reason = document.reason;
  letter.body = document.document;
  letter.family = document.family;
  letter.document_id = document.id;
  absl::Status added = file_->dead_letters().Add(letter);
  if (added.ok()) added = file_->NoteRefused(document.family, document.id);
  if (error_.ok()) error_ = added;
}

absl::Status RefusedDocuments::Detach() {
  const std::lock_guard lock(mutex_);
  file_.reset();
  return error_;
}

}  // namespace syncd
