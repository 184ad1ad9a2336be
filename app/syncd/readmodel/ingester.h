// Turns the messages of one channel into rows of a generation file.
#ifndef SYNCD_READMODEL_INGESTER_H_
#define SYNCD_READMODEL_INGESTER_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string_view>
#include <vector>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/channel_state.h"
#include "syncd/readmodel/database.h"
#include "syncd/readmodel/dead_letters.h"
#include "syncd/readmodel/decoder.h"
#include "syncd/readmodel/extractor.h"

namespace syncd {

// The ingester of one channel. Not thread-safe; everything it is given must outlive it.
class Ingester {
 public:
  Ingester(const Plan& plan, const PlanChannel& channel, Database& db, DeadLetters& dead_letters);

  // Applies one body within the caller's transaction. What can be no entity becomes a dead letter
  // and is no error. After an error the transaction must be rolled back. With `add_only` a record
  // never replaces one that is there.
  absl::StatusOr<IngestResult> Ingest(std::string_view body, bool add_only);

 private:
  absl::Status IngestItem(const DecodedItem& item, bool add_only, IngestResult& result);
  absl::Status Write(Statement& statement, const EntityRow& row);
  absl::Status Reject(const absl::Status& reason, std::string body);
  absl::Status PrepareStatements(bool add_only);

  const PlanChannel& channel_;
  Database& db_;
  DeadLetters& dead_letters_;
  Decoder decoder_;
  Extractor extractor_;
  std::vector<Statement> replace_;  // one an assignment
  std::vector<Statement> add_;
};

}  // namespace syncd

#endif  // SYNCD_READMODEL_INGESTER_H_
