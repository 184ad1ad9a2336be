// The read model of one generation: a file that takes messages in and gives documents out.
#ifndef SYNCD_READMODEL_GENERATION_FILE_H_
#define SYNCD_READMODEL_GENERATION_FILE_H_

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/channel_state.h"
#include "syncd/readmodel/database.h"
#include "syncd/readmodel/dead_letters.h"
#include "syncd/readmodel/ingester.h"
#include "syncd/readmodel/projection.h"

namespace syncd {

// How far a build has come.
enum class RunStage {
  kReceiving,  // messages come in
  kLoading,    // every channel has ended; documents go to the store
  kSealed,     // all are there; it may be promoted
  kPromoted,
  kRefused,  // a gate stopped it; it may still be promoted by an override
  kFailed,
  kAbandoned,
};

// The word for `stage` in the file and for people: `receiving`.
std::string_view RunStageName(RunStage stage);

// The run that a generation file belongs to.
struct RunInfo {
  RunStage stage = RunStage::kReceiving;
  std::string build_id;
  uint64_t epoch = 0;
  std::string plan_hash;
  std::string source;         // `queues` or `files:<folder>`
  int64_t started_at_ms = 0;  // since 1970, UTC
  uint64_t event_cursor = 0;  // the live event that it begins behind; see event_file.h
};

// The name of a generation's file in the state folder: `v13.db`.
std::string GenerationFileName(uint64_t generation);

// One generation's file. It has a copy of its plan, so an older generation keeps its own views and
// mappings. Not thread-safe: one thread at a time; other processes and other GenerationFiles may
// read the same path meanwhile.
//
// A message is applied in the batch that was begun before it, and is safe, and may be acknowledged,
// once Commit has returned OK. Messages may come twice, late, and in any order.
//
// Errors: those of Database. After an error in a batch: Rollback, and apply its messages again.
class GenerationFile {
 public:
  // Creates `path`, all or nothing, with a copy of `plan`. kAlreadyExists if there is one;
  // kInvalidArgument if the plan's SQL does not fit (see CreateSchema).
  static absl::StatusOr<std::unique_ptr<GenerationFile>> Create(const std::string& path,
                                                                const Plan& plan,
                                                                const RunInfo& run,
                                                                Durability durability);

  // Opens what Create made. kNotFound; the errors of OpenFile.
  static absl::StatusOr<std::unique_ptr<GenerationFile>> Open(const std::string& path,
                                                              Durability durability);

  // The same for reading only: status and dead letters, while another process writes.
  static absl::StatusOr<std::unique_ptr<GenerationFile>> OpenReadOnly(const std::string& path);

  const Plan& plan() const { return plan_; }
  const std::string& path() const { return db_->path(); }

  // Begins a batch: everything up to Commit takes effect together.
  absl::Status BeginBatch();

  // Applies one body of `channel`. kNotFound: the plan has no such snapshot channel. Once the
  // channel is marked as ended, a record only adds what is not there yet.
  absl::StatusOr<IngestResult> Ingest(std::string_view channel, std::string_view body);

  absl::Status Commit();

  // Undoes the batch, and what it counted. Nothing if none was begun.
  absl::Status Rollback();

  // Marks a channel as ended, for good. In the batch, if one was begun.
  absl::Status MarkEnded(std::string_view channel);

  // Counts a start message, or messages from before the start. In the batch, if one was begun.
  absl::Status NoteStart(std::string_view channel);
  absl::Status NoteLeftOver(std::string_view channel, uint64_t messages);

  // Every channel of the plan, in its order; those of an open batch are counted.
  std::vector<ChannelState> channels() const;

  absl::StatusOr<RunInfo> ReadRun();
  absl::Status WriteRun(const RunInfo& run);

  // The position of the last live event that is in the file.
  absl::StatusOr<uint64_t> EventCursor();

  // Between these two everything is read as of one moment, whatever is written meanwhile.
  absl::Status BeginSnapshot();
  absl::Status EndSnapshot();

  // What live events have added to the documents of `family` since the load began, less what they
  // have taken away.
  absl::StatusOr<int64_t> CountDelta(std::string_view family);

  // Keeps what a load has put into the index: `documents` by family, each less the CountDelta of
  // the same moment.
  absl::Status WriteLoaded(const std::map<std::string, int64_t>& documents);

  // Keeps that the index refused a document of the load; ForgetRefused: none any more.
  absl::Status NoteRefused(std::string_view family, std::string_view id);
  absl::Status ForgetRefused();

  DeadLetters& dead_letters() { return dead_letters_; }

  // Hands each document of `family` to `sink`; see ProjectFamily. kNotFound: no such family.
  absl::Status Project(std::string_view family, DocumentSink sink);

  absl::StatusOr<uint64_t> CountDocuments(std::string_view family);
  absl::StatusOr<uint64_t> CountEntities(std::string_view entity);

 private:
  struct Channel {
    ChannelState state;
    ChannelState committed;
    std::unique_ptr<Ingester> ingester;  // made at the first message
  };

  GenerationFile(std::unique_ptr<Database> db, Plan plan)
      : db_(std::move(db)), plan_(std::move(plan)), dead_letters_(*db_) {}

  static absl::StatusOr<std::unique_ptr<GenerationFile>> OpenAs(const std::string& path,
                                                                Database::Mode mode,
                                                                Durability durability);
  absl::Status LoadChannels();
  absl::Status SaveChannels();
  absl::StatusOr<Channel*> FindChannel(std::string_view name);
  // Changes a channel's state with `change`, and saves it unless a batch is open.
  absl::Status Change(std::string_view name, absl::FunctionRef<void(ChannelState&)> change);

  std::unique_ptr<Database> db_;
  Plan plan_;
  DeadLetters dead_letters_;
  std::map<std::string, Channel, std::less<>> channels_;
  Statement save_channel_;
};

// Whether the SQL of `plan` fits it: creates a generation in memory. Errors as in CreateSchema.
absl::Status CheckViews(const Plan& plan);

}  // namespace syncd

#endif  // SYNCD_READMODEL_GENERATION_FILE_H_
