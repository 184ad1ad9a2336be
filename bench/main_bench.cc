// What a sync spends its time on, one benchmark each. Figures compare within one run only: the
// machine is noisy.
#include <absl/strings/str_format.h>
#include <benchmark/benchmark.h>
#include <indexswap/alias.h>
#include <indexswap/names.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "indexswap/opensearch/bulk_codec.h"
#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/generation_file.h"

namespace {

constexpr int kBatch = 1000;

indexswap::AliasTable Table(int aliases, uint64_t generation) {
  indexswap::AliasTable table;
  for (int i = 0; i < aliases; ++i) {
    table[absl::StrFormat("alias_%d", i)] = {{indexswap::IndexName("family", generation), ""}};
  }
  return table;
}

void AliasDifference(benchmark::State& state) {
  const auto current = Table(static_cast<int>(state.range(0)), 12);
  const auto wanted = Table(static_cast<int>(state.range(0)), 13);
  for (auto _ : state) benchmark::DoNotOptimize(indexswap::DiffAliases(current, wanted));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(AliasDifference)->Arg(8)->Arg(300);

std::string Trainee(int i) {
  return absl::StrFormat(
      R"({"tcsPersonId":%d,"gmcReferenceNumber":"%d","doctorFirstName":"Llŷr","doctorLastName":)"
      R"("O’Neill","programmeName":"General Practice | Cardiology","programmeMembershipType":)"
      R"("Substantive","tcsDesignatedBody":"1-AIIDWA","programmeOwner":"NHSE","placementGrade":)"
      R"("279","programmeMembershipStartDate":[2020,8,5],"programmeMembershipEndDate":"2026-08-04",)"
      R"("curriculumEndDate":"2026-08-04","dataSource":"TCS","syncEnd":false})",
      i + 1, 7000001 + i);
}

std::string Summary(int i) {
  return absl::StrFormat(
      R"({"payload":{"doctor":{"gmcReferenceNumber":"%d","doctorFirstName":"Llŷr",)"
      R"("doctorLastName":"O’Neill","submissionDate":[2027,1,31],"dateAdded":[2015,8,5],)"
      R"("underNotice":"NO","sanction":"No","doctorStatus":"NOT_STARTED","lastUpdatedDate":)"
      R"([2026,11,1],"designatedBodyCode":"1-AIIDWA","admin":"admin@example.org",)"
      R"("existsInGmc":true},"gmcOutcome":"Approved"},"syncEnd":false})",
      7000001 + i);
}

std::vector<indexswap::BulkItem> Items() {
  std::vector<indexswap::BulkItem> items;
  for (int i = 0; i < kBatch; ++i) {
    items.push_back({indexswap::BulkItem::Kind::kIndex, "masterdoctorindex_v13",
                     absl::StrFormat("%d:%d", 7000001 + i, i + 1), 1, Trainee(i)});
  }
  return items;
}

void BulkEncoding(benchmark::State& state) {
  const auto items = Items();
  std::vector<const indexswap::BulkItem*> pointers;
  for (const auto& item : items) pointers.push_back(&item);
  for (auto _ : state) benchmark::DoNotOptimize(indexswap::EncodeBulk(7, pointers));
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BulkEncoding);

// The answer of a server that was too busy for every tenth item: the long form, item by item.
void BulkAnswer(benchmark::State& state) {
  std::string body = R"({"errors":true,"items":[)";
  for (int i = 0; i < kBatch; ++i) {
    if (i > 0) body += ',';
    body += i % 10 == 0 ? R"({"index":{"status":429,"error":{"type":)"
                          R"("es_rejected_execution_exception","reason":"queue full"}}})"
                        : R"({"index":{"status":201}})";
  }
  body += "]}";
  for (auto _ : state) benchmark::DoNotOptimize(indexswap::ParseBulkAnswer(body, kBatch));
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BulkAnswer);

// A generation file of the TIS plan in a temporary folder; ends the program when it can't be made.
class TemporaryFile {
 public:
  TemporaryFile() {
    char folder[] = "/tmp/indexswap-bench-XXXXXX";
    if (mkdtemp(folder) == nullptr) std::exit(1);
    folder_ = folder;
    const auto dir = syncd::ShippedPlanDir("tis");
    if (!dir.ok()) std::exit(1);
    const auto plan = syncd::ReadPlan(*dir);
    if (!plan.ok()) std::exit(1);
    auto file = syncd::GenerationFile::Create((folder_ / "v1.db").string(), *plan, {},
                                              syncd::Durability::kOff);
    if (!file.ok()) std::exit(1);
    file_ = *std::move(file);
  }
  ~TemporaryFile() {
    file_.reset();
    std::filesystem::remove_all(folder_);
  }

  syncd::GenerationFile& operator*() { return *file_; }

  // One transaction of `count` messages from number `first` on.
  bool Ingest(int first, int count) {
    bool ok = file_->BeginBatch().ok();
    for (int i = first; i < first + count && ok; ++i) {
      ok = file_->Ingest("tcs", Trainee(i)).ok() && file_->Ingest("gmc", Summary(i)).ok();
    }
    return ok && file_->Commit().ok();
  }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<syncd::GenerationFile> file_;
};

void IngestMessage(benchmark::State& state) {
  TemporaryFile file;
  int first = 0;
  for (auto _ : state) {
    if (!file.Ingest(first, kBatch)) state.SkipWithError("a message could not be ingested");
    first += kBatch;
  }
  state.SetItemsProcessed(state.iterations() * 2 * kBatch);
}
BENCHMARK(IngestMessage)->Unit(benchmark::kMillisecond);

void ProjectDocument(benchmark::State& state) {
  constexpr int kDoctors = 20'000;
  TemporaryFile file;
  if (!file.Ingest(0, kDoctors)) state.SkipWithError("the messages could not be ingested");
  for (auto _ : state) {
    const absl::Status projected =
        (*file).Project("masterdoctorindex", [](std::string_view, std::string&& document) {
          benchmark::DoNotOptimize(document);
          return absl::OkStatus();
        });
    if (!projected.ok()) state.SkipWithError("the projection failed");
  }
  state.SetItemsProcessed(state.iterations() * kDoctors);
}
BENCHMARK(ProjectDocument)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
