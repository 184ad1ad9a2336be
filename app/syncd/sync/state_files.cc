#include "syncd/sync/state_files.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "syncd/readmodel/generation_file.h"

namespace syncd {

namespace fs = std::filesystem;

namespace {

// Whose file this is, by its name.
std::optional<uint64_t> GenerationOf(std::string_view name) {
  const size_t base = name.find(".db");
  uint64_t generation = 0;
  if (!name.starts_with('v') || base == std::string_view::npos ||
      !absl::SimpleAtoi(std::string(name.substr(1, base - 1)), &generation) ||
      !name.starts_with(GenerationFileName(generation))) {
    return std::nullopt;
  }
  std::string_view rest = name.substr(GenerationFileName(generation).size());
  for (const std::string_view draft : {".hydrating", ".new"}) {
    if (rest.starts_with(draft)) rest.remove_prefix(draft.size());
  }
  for (const std::string_view beside : {"", "-wal", "-shm", "-journal"}) {
    if (rest == beside) return generation;
  }
  return std::nullopt;
}

}  // namespace

std::vector<uint64_t> GenerationsIn(const std::string& folder) {
  std::vector<uint64_t> generations;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.size() < 5 || name.front() != 'v' || !name.ends_with(".db")) continue;
    uint64_t generation = 0;
    if (!absl::SimpleAtoi(name.substr(1, name.size() - 4), &generation)) continue;
    if (GenerationFileName(generation) == name) generations.push_back(generation);
  }
  std::sort(generations.begin(), generations.end());
  return generations;
}

std::vector<StateFile> StateFilesIn(const std::string& folder) {
  std::vector<StateFile> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    StateFile file{0, entry.path().filename().string(), 0};
    const auto generation = GenerationOf(file.name);
    if (!generation) continue;
    file.generation = *generation;
    std::error_code unknown;
    const uintmax_t bytes = entry.file_size(unknown);
    if (!unknown) file.bytes = bytes;
    files.push_back(std::move(file));
  }
  std::ranges::sort(files, {},
                    [](const StateFile& file) { return std::pair(file.generation, file.name); });
  return files;
}

absl::Status RemoveGenerationFile(const std::string& folder, uint64_t generation) {
  std::vector<StateFile> files = StateFilesIn(folder);
  // The file itself goes last: cut off before that, it is found and removed the next time.
  std::ranges::reverse(files);
  for (const StateFile& file : files) {
    if (file.generation != generation) continue;
    const fs::path path = fs::path(folder) / file.name;
    std::error_code error;
    fs::remove(path, error);
    if (error) {
      return absl::InternalError(
          absl::StrFormat("%s could not be removed: %s", path.string(), error.message()));
    }
  }
  return absl::OkStatus();
}

bool IsUnfinished(RunStage stage) {
  return stage == RunStage::kReceiving || stage == RunStage::kLoading || stage == RunStage::kSealed;
}

bool MayHaveGoneLive(RunStage stage) {
  return stage == RunStage::kSealed || stage == RunStage::kRefused;
}

absl::Status NoteWasLive(const std::string& folder, uint64_t generation) {
  const auto path = fs::path(folder) / GenerationFileName(generation);
  if (!fs::exists(path)) return absl::OkStatus();
  auto file = GenerationFile::Open(path.string(), Durability::kFull);
  if (!file.ok()) return file.status();
  auto run = (*file)->ReadRun();
  if (!run.ok()) return run.status();
  if (!MayHaveGoneLive(run->stage)) return absl::OkStatus();
  run->stage = RunStage::kPromoted;
  return (*file)->WriteRun(*run);
}

absl::Status CheckLiveFile(const std::string& folder, std::optional<uint64_t> live) {
  if (!live) return absl::OkStatus();
  const auto path = fs::path(folder) / GenerationFileName(*live);
  std::error_code error;
  if (!fs::exists(path, error)) return absl::OkStatus();
  const absl::Status opened = GenerationFile::OpenReadOnly(path.string()).status();
  return absl::IsUnimplemented(opened) ? opened : absl::OkStatus();
}

std::optional<uint64_t> CutOffRun(const std::string& folder, const Plan& plan,
                                  std::optional<uint64_t> live) {
  std::optional<uint64_t> newest;
  for (const uint64_t generation : GenerationsIn(folder)) {
    const auto path = fs::path(folder) / GenerationFileName(generation);
    auto file = GenerationFile::OpenReadOnly(path.string());
    if (!file.ok()) continue;
    const auto run = (*file)->ReadRun();
    if (!run.ok() || !IsUnfinished(run->stage) || generation == live) continue;
    if (run->source == "queues" && run->plan_hash == plan.hash) newest = generation;
  }
  return newest;
}

}  // namespace syncd
