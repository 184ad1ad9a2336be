#include "syncd/readmodel/ingester.h"

#include <string>
#include <utility>

#include "syncd/readmodel/schema.h"

namespace syncd {

Ingester::Ingester(const Plan& plan, const PlanChannel& channel, Database& db,
                   DeadLetters& dead_letters)
    : channel_(channel),
      db_(db),
      dead_letters_(dead_letters),
      decoder_(channel),
      extractor_(plan, channel) {}

absl::StatusOr<IngestResult> Ingester::Ingest(std::string_view body, bool add_only) {
  if (absl::Status status = PrepareStatements(add_only); !status.ok()) return status;
  IngestResult result;
  absl::Status failure;  // of the database, not of the message
  auto envelope = decoder_.Decode(body, [&](const DecodedItem& item) {
    failure = IngestItem(item, add_only, result);
    return failure;
  });
  if (!failure.ok()) return failure;
  if (absl::IsInvalidArgument(envelope.status())) {
    result.records = result.rejected = 1;
    if (absl::Status s = Reject(envelope.status(), std::string(body)); !s.ok()) return s;
    return result;
  }
  if (!envelope.ok()) return envelope.status();
  result.ended = envelope->ends;
  result.expected = envelope->expected;
  result.empty = result.records == 0 && !result.ended;
  return result;
}

absl::Status Ingester::IngestItem(const DecodedItem& item, bool add_only, IngestResult& result) {
  if (channel_.items.empty() && item.ends && !extractor_.HasKey(item)) return absl::OkStatus();
  ++result.records;
  if (absl::Status reason = extractor_.Extract(item); !reason.ok()) {
    ++result.rejected;
    return Reject(reason, item.ToBody());
  }
  std::vector<Statement>& statements = add_only ? add_ : replace_;
  for (size_t i = 0; i < statements.size(); ++i) {
    if (extractor_.rows()[i].change != EntityRow::Change::kAssign) continue;
    absl::Status status = Write(statements[i], extractor_.rows()[i]);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Ingester::Write(Statement& statement, const EntityRow& row) {
  int parameter = 0;
  for (const Cell& cell : row.cells) BindCell(statement, ++parameter, cell);
  if (!row.entity->order.empty()) BindCell(statement, ++parameter, row.order);
  return statement.Run();
}

absl::Status Ingester::Reject(const absl::Status& reason, std::string body) {
  DeadLetter letter;
  letter.channel = channel_.name;
  letter.kind = DeadLetter::Kind::kRejected;
  letter.reason = std::string(reason.message());
  letter.body = std::move(body);
  return dead_letters_.Add(letter);
}

absl::Status Ingester::PrepareStatements(bool add_only) {
  std::vector<Statement>& statements = add_only ? add_ : replace_;
  if (!statements.empty()) return absl::OkStatus();
  for (const EntityRow& row : extractor_.rows()) {
    auto prepared =
        db_.Prepare(UpsertSql(*row.entity, add_only ? Upsert::kStraggler : Upsert::kSnapshot));
    if (!prepared.ok()) return prepared.status();
    statements.push_back(*std::move(prepared));
  }
  return absl::OkStatus();
}

}  // namespace syncd
