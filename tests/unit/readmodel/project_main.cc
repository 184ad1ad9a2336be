// readmodel_project [--hydrate] PLAN DIR: reads DIR/<channel>.ndjson into a temporary generation
// file and prints `family<TAB>id<TAB>document` lines, for comparison with the independent model in
// tests/model. With --hydrate the documents are turned back into entities first, and projected
// again.
//
// PLAN is a plan's folder or a shipped name. What went in, and how fast, is said on stderr. Exit
// codes: 0 done, 1 failed, 2 wrong usage.
#include <absl/status/status.h>
#include <absl/strings/str_format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>

#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/generation_file.h"
#include "syncd/readmodel/hydration.h"

namespace {

constexpr uint64_t kBatchBytes = 4 * 1024 * 1024;

double Seconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

absl::Status IngestFile(syncd::GenerationFile& file, const std::string& channel,
                        const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in.is_open()) return absl::NotFoundError(path + ": cannot be read");
  std::string line;
  absl::Status status = file.BeginBatch();
  uint64_t bytes = 0;
  while (status.ok() && std::getline(in, line)) {
    status = file.Ingest(channel, line).status();
    bytes += line.size();
    if (status.ok() && bytes > kBatchBytes) {
      status = file.Commit();
      if (status.ok()) status = file.BeginBatch();
      bytes = 0;
    }
  }
  if (status.ok()) status = file.MarkEnded(channel);
  return status.ok() ? file.Commit() : status;
}

absl::Status IngestAll(syncd::GenerationFile& file, const std::string& dir) {
  const auto start = std::chrono::steady_clock::now();
  uint64_t records = 0;
  for (const syncd::PlanChannel& channel : file.plan().channels) {
    if (channel.kind != syncd::PlanChannel::Kind::kSnapshot) continue;
    absl::Status status = IngestFile(file, channel.name, dir + "/" + channel.name + ".ndjson");
    if (!status.ok()) return status;
  }
  for (const syncd::ChannelState& state : file.channels()) {
    std::cerr << absl::StrFormat("%s: %d messages, %d records, %d rejected, %d empty, %d markers\n",
                                 state.name, state.messages, state.records, state.rejected,
                                 state.empty, state.markers);
    records += state.records;
  }
  const double seconds = Seconds(start);
  std::cerr << absl::StrFormat("%d records in %.2f s (%.0f/s)\n", records, seconds,
                               static_cast<double>(records) / seconds);
  return absl::OkStatus();
}

absl::Status PrintAll(syncd::GenerationFile& file) {
  for (const syncd::PlanFamily& family : file.plan().families) {
    const auto start = std::chrono::steady_clock::now();
    uint64_t documents = 0;
    absl::Status status =
        file.Project(family.name, [&](std::string_view id, std::string&& document) {
          ++documents;
          std::cout << family.name << '\t' << id << '\t' << document << '\n';
          return absl::OkStatus();
        });
    if (!status.ok()) return status;
    const double seconds = Seconds(start);
    std::cerr << absl::StrFormat("%s: %d documents in %.2f s (%.0f/s)\n", family.name, documents,
                                 seconds, static_cast<double>(documents) / seconds);
  }
  std::cout.flush();
  return std::cout.good() ? absl::OkStatus() : absl::UnavailableError("stdout: cannot be written");
}

// Makes a second file from the documents of the first.
absl::StatusOr<std::unique_ptr<syncd::GenerationFile>> Hydrate(syncd::GenerationFile& file,
                                                               const syncd::Plan& plan) {
  const std::string path = file.path() + ".again";
  auto hydration = syncd::Hydration::Begin(path, plan, syncd::RunInfo());
  if (!hydration.ok()) return hydration.status();
  absl::Status status = (*hydration)->BeginPage();
  for (const syncd::PlanFamily& family : plan.families) {
    if (!status.ok()) break;
    status = file.Project(family.name, [&](std::string_view id, std::string&& document) {
      return (*hydration)->Add(family.name, id, 1, document);
    });
  }
  if (status.ok()) status = (*hydration)->EndPage();
  if (status.ok()) status = (*hydration)->Derive();
  if (status.ok()) status = (*hydration)->Compare();
  if (!status.ok()) return status;
  const auto report = (*hydration)->Finish();
  if (!report.ok()) return report.status();
  std::cerr << absl::StrFormat("hydrated from %d documents, %d of them differ\n", report->documents,
                               report->differing);
  return syncd::GenerationFile::Open(path, syncd::Durability::kOff);
}

absl::Status Run(const std::string& plan_name, const std::string& dir, const std::string& path,
                 bool hydrate) {
  auto shipped = syncd::ShippedPlanDir(plan_name);
  auto plan = syncd::ReadPlan(shipped.ok() ? *shipped : plan_name);
  if (!plan.ok()) return plan.status();
  auto file = syncd::GenerationFile::Create(path, *plan, syncd::RunInfo(), syncd::Durability::kOff);
  if (!file.ok()) return file.status();
  absl::Status status = IngestAll(**file, dir);
  if (!status.ok() || !hydrate) return status.ok() ? PrintAll(**file) : status;
  auto hydrated = Hydrate(**file, *plan);
  return hydrated.ok() ? PrintAll(**hydrated) : hydrated.status();
}

}  // namespace

int main(int argc, char** argv) {
  const bool hydrate = argc == 4 && std::string(argv[1]) == "--hydrate";
  if (argc != 3 && !hydrate) {
    std::cerr << "usage: readmodel_project [--hydrate] PLAN DIR\n";
    return 2;
  }
  std::ios::sync_with_stdio(false);
  std::string temp = (std::filesystem::temp_directory_path() / "readmodel-XXXXXX").string();
  if (mkdtemp(temp.data()) == nullptr) {
    std::perror(temp.c_str());
    return 1;
  }
  const absl::Status status = Run(argv[argc - 2], argv[argc - 1], temp + "/v1.db", hydrate);
  std::error_code ignored;
  std::filesystem::remove_all(temp, ignored);
  if (status.ok()) return 0;
  std::cerr << "readmodel_project: " << status.message() << '\n';
  return 1;
}
