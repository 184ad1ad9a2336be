// From the documents of an index back to entities: a generation's file made from what a store still
// has of it.
#ifndef SYNCD_READMODEL_HYDRATION_H_
#define SYNCD_READMODEL_HYDRATION_H_

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "syncd/plan/plan.h"
#include "syncd/readmodel/database.h"
#include "syncd/readmodel/generation_file.h"

namespace syncd {

// What RunInfo::source says of a file that was made from documents.
inline constexpr char kHydratedSource[] = "hydrated";

// What has been read, and what came of it.
struct HydrationReport {
  uint64_t documents = 0;                    // read
  std::map<std::string, uint64_t> entities;  // entity to records made of them
  uint64_t differing = 0;                    // see Hydration::Compare
};

// Fills one generation's file from documents. These are laid on the disk as they come, so memory
// does not grow with their number; the plan's `hydrate` then reads them as a table. The file has
// its name only once Finish has returned, so what was cut off is begun anew. Not thread-safe.
//
// Errors: those of Database.
class Hydration {
 public:
  // Begins a file for `path`, as GenerationFile::Create does. kAlreadyExists if there is one.
  static absl::StatusOr<std::unique_ptr<Hydration>> Begin(const std::string& path, const Plan& plan,
                                                          const RunInfo& run);
  // Removes what was not finished.
  ~Hydration();

  // Takes a page of documents, one by one, between these two.
  absl::Status BeginPage();
  absl::Status Add(std::string_view family, std::string_view id, uint64_t version,
                   std::string_view document);
  absl::Status EndPage();

  // Runs the plan's `hydrate`. kInvalidArgument names file, line and statement.
  absl::Status Derive();

  // Compares the documents that the file projects now with those that were read. Where the index
  // lacks one, has one too many, or another (a writer was cut off in the middle of a change), the
  // document is queued for the index. kFailedPrecondition if they are too many for that: then
  // `hydrate` does not give back what the views make.
  absl::Status Compare();

  // Makes the file durable and gives it its name.
  absl::StatusOr<HydrationReport> Finish();

 private:
  Hydration(std::string path, const Plan& plan, uint64_t cursor);

  absl::Status Open();
  absl::Status CompareFamily(const PlanFamily& family);
  absl::Status QueueDiffering(const PlanFamily& family);
  absl::Status QueueExtra();
  absl::Status CheckDiffering();
  absl::Status CountEntities();
  void RemoveDrafts();

  const std::string path_;
  const std::string draft_;   // the file until it is finished
  const std::string staged_;  // the documents
  const Plan& plan_;
  const uint64_t cursor_;
  std::unique_ptr<Database> db_;
  Statement insert_;
  HydrationReport report_;
};

// Whether `hydrate` of the plan fits its entities: runs it on no documents. kInvalidArgument.
absl::Status CheckHydrate(const Plan& plan);

}  // namespace syncd

#endif  // SYNCD_READMODEL_HYDRATION_H_
