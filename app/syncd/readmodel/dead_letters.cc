#include "syncd/readmodel/dead_letters.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/time/clock.h>

namespace syncd {
namespace {

// All but the body.
const std::string kColumns =
    "id, channel, time_ms, kind, reason, family, document_id, generation, sent_ms, sequence, "
    "message_id, arrival_ms, arrival";

DeadLetter ReadRow(const Statement& row) {
  DeadLetter letter;
  letter.id = row.Integer(0);
  letter.channel = row.TextCopy(1);
  letter.time_ms = row.Integer(2);
  letter.kind = row.Text(3) == "refused" ? DeadLetter::Kind::kRefused : DeadLetter::Kind::kRejected;
  letter.reason = row.TextCopy(4);
  letter.family = row.TextCopy(5);
  letter.document_id = row.TextCopy(6);
  letter.generation = static_cast<uint64_t>(row.Integer(7));
  if (!row.IsNull(8)) letter.stamp.sent_ms = row.Integer(8);
  letter.stamp.sequence = row.TextCopy(9);
  letter.stamp.message_id = row.TextCopy(10);
  letter.stamp.arrival_ms = row.Integer(11);
  letter.stamp.arrival = static_cast<uint64_t>(row.Integer(12));
  return letter;
}

absl::Status NoSuchLetter(int64_t id) {
  return absl::NotFoundError(
      absl::StrFormat("no dead letter %d; `syncd dead-letters list` shows those there are", id));
}

// At most `size` bytes of `text`, cut before a character, not within.
std::string_view CutUtf8(std::string_view text, size_t size) {
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

std::string_view DeadLetterKindName(DeadLetter::Kind kind) {
  return kind == DeadLetter::Kind::kRefused ? "refused" : "rejected";
}

absl::Status DeadLetters::Add(const DeadLetter& letter) {
  if (!insert_.valid()) {
    auto prepared = db_.Prepare(
        "INSERT INTO dead_letter (channel, time_ms, kind, reason, body, family, document_id, "
        "generation, sent_ms, sequence, message_id, arrival_ms, arrival) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
    if (!prepared.ok()) return prepared.status();
    insert_ = *std::move(prepared);
  }
  std::string_view body = letter.body;
  std::string reason = letter.reason;
  if (body.size() > kBodyBytesMax) {
    absl::StrAppendFormat(&reason, " (body cut: %d of %d bytes kept)", kBodyBytesMax, body.size());
    body = CutUtf8(body, kBodyBytesMax);
  }
  insert_.BindText(1, letter.channel);
  insert_.BindInteger(2, absl::ToUnixMillis(absl::Now()));
  insert_.BindText(3, DeadLetterKindName(letter.kind));
  insert_.BindText(4, reason);
  insert_.BindText(5, body);
  insert_.BindText(6, letter.family);
  insert_.BindText(7, letter.document_id);
  insert_.BindInteger(8, static_cast<int64_t>(letter.generation));
  insert_.BindNull(9);
  if (letter.stamp.sent_ms) insert_.BindInteger(9, *letter.stamp.sent_ms);
  insert_.BindText(10, letter.stamp.sequence);
  insert_.BindText(11, letter.stamp.message_id);
  insert_.BindInteger(12, letter.stamp.arrival_ms);
  insert_.BindInteger(13, static_cast<int64_t>(letter.stamp.arrival));
  return insert_.Run();
}

absl::StatusOr<std::vector<DeadLetter>> DeadLetters::List(int64_t after, int limit) {
  auto select = db_.Prepare(
      absl::StrCat("SELECT ", kColumns, " FROM dead_letter WHERE id > ?1 ORDER BY id LIMIT ?2"));
  if (!select.ok()) return select.status();
  select->BindInteger(1, after);
  select->BindInteger(2, limit);
  std::vector<DeadLetter> letters;
  for (;;) {
    auto row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return letters;
    letters.push_back(ReadRow(*select));
  }
}

absl::StatusOr<DeadLetter> DeadLetters::Get(int64_t id) {
  auto select =
      db_.Prepare(absl::StrCat("SELECT ", kColumns, ", body FROM dead_letter WHERE id = ?1"));
  if (!select.ok()) return select.status();
  select->BindInteger(1, id);
  auto row = select->Step();
  if (!row.ok()) return row.status();
  if (!*row) return NoSuchLetter(id);
  DeadLetter letter = ReadRow(*select);
  letter.body = select->TextCopy(13);
  return letter;
}

absl::StatusOr<int64_t> DeadLetters::Count() {
  return db_.QueryInteger("SELECT count(*) FROM dead_letter");
}

absl::StatusOr<int64_t> DeadLetters::Expire(int64_t before_ms) {
  auto drop = db_.Prepare("DELETE FROM dead_letter WHERE time_ms < ?1");
  if (!drop.ok()) return drop.status();
  drop->BindInteger(1, before_ms);
  if (absl::Status s = drop->Run(); !s.ok()) return s;
  return db_.QueryInteger("SELECT changes()");
}

absl::Status DeadLetters::DropRefused(const DeadLetter& letter) {
  auto drop = db_.Prepare(
      "DELETE FROM dead_letter WHERE kind = ?1 AND generation = ?2 AND family = ?3 AND "
      "document_id = ?4");
  if (!drop.ok()) return drop.status();
  drop->BindText(1, DeadLetterKindName(DeadLetter::Kind::kRefused));
  drop->BindInteger(2, static_cast<int64_t>(letter.generation));
  drop->BindText(3, letter.family);
  drop->BindText(4, letter.document_id);
  return drop->Run();
}

absl::Status DeadLetters::Drop(int64_t id) {
  auto drop = db_.Prepare("DELETE FROM dead_letter WHERE id = ?1 RETURNING id");
  if (!drop.ok()) return drop.status();
  drop->BindInteger(1, id);
  auto row = drop->Step();
  if (!row.ok()) return row.status();
  if (!*row) return NoSuchLetter(id);
  return drop->Run();
}

}  // namespace syncd
