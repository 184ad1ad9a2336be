#include "syncd/sync/state_disk.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "syncd/readmodel/database.h"
#include "syncd/readmodel/journal.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

namespace fs = std::filesystem;

uint64_t SizeOf(const fs::path& path) {
  std::error_code error;
  const uintmax_t bytes = fs::file_size(path, error);
  return error ? 0 : bytes;
}

// The nearest folder on the way to `path` that is there.
fs::path NearestExisting(fs::path path) {
  std::error_code error;
  while (!path.empty() && !fs::exists(path, error) && path != path.parent_path()) {
    path = path.parent_path();
  }
  return path.empty() ? fs::path(".") : path;
}

// Positions follow each other, and the oldest are forgotten first: no need to count.
void ReadEvents(const std::string& folder, StateFacts& facts) {
  const auto path = fs::path(folder) / kJournalFile;
  std::error_code error;
  if (!fs::exists(path, error)) return;
  const auto db = Database::Open(path.string(), Database::Mode::kReadOnly, Durability::kFull);
  if (!db.ok()) return;
  const auto events =
      (*db)->QueryInteger("SELECT coalesce(max(position) - min(position) + 1, 0) FROM event");
  if (!events.ok() || *events == 0) return;
  facts.events = static_cast<uint64_t>(*events);
  const auto oldest =
      (*db)->QueryInteger("SELECT received_ms FROM event ORDER BY position LIMIT 1");
  if (oldest.ok() && *oldest > 0) facts.oldest_event_ms = *oldest;
}

}  // namespace

std::string BytesForPeople(uint64_t bytes) {
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return absl::StrFormat("%d bytes", bytes);
  double number = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (number >= 1024 && unit + 1 < std::size(kUnits)) {
    number /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", number, kUnits[unit]);
}

absl::StatusOr<DiskSpace> SpaceOf(const std::string& folder) {
  std::error_code error;
  const fs::space_info space = fs::space(NearestExisting(folder), error);
  if (error) {
    return absl::UnavailableError(
        absl::StrFormat("nobody knows how much is free for %s: %s", folder, error.message()));
  }
  return DiskSpace{space.available, space.capacity};
}

uint64_t BuildNeeds(uint64_t expected, uint64_t floor) { return expected + expected / 4 + floor; }

uint64_t ExpectedFile(const std::string& folder, const indexswap::ReleaseStatus& status) {
  uint64_t largest = 0;
  for (const uint64_t generation : GenerationsIn(folder)) {
    largest = std::max(largest, SizeOf(fs::path(folder) / GenerationFileName(generation)));
  }
  if (largest > 0) return largest;
  for (const indexswap::GenerationStatus& generation : status.generations) {
    if (status.live != generation.generation) continue;
    for (const auto& index : generation.indexes) largest += index.bytes;
  }
  return largest;
}

indexswap::GateResult JudgeDisk(const DiskSpace& space, uint64_t expected, uint64_t floor) {
  const uint64_t needed = BuildNeeds(expected, floor);
  return {kDiskGate, space.free_bytes >= needed, false,
          absl::StrFormat(
              "%d bytes (%s) free for the state folder; the build needs %d (%s): a file of about "
              "%s, a quarter more for its log, and [gates] min_free_bytes = %d",
              space.free_bytes, BytesForPeople(space.free_bytes), needed, BytesForPeople(needed),
              BytesForPeople(expected), floor)};
}

absl::Status CheckRoom(const std::string& folder, const indexswap::ReleaseStatus& status,
                       uint64_t floor) {
  const auto space = SpaceOf(folder);
  if (!space.ok()) return space.status();
  const auto disk = JudgeDisk(*space, ExpectedFile(folder, status), floor);
  return disk.passed ? absl::OkStatus() : StoppedBy(disk);
}

absl::Status StoppedBy(const indexswap::GateResult& disk) {
  return absl::FailedPreconditionError(absl::StrFormat(
      "the gate %s stopped it before anything was created: %s. Make room, `syncd prune` what is no "
      "longer kept, or let it through with `--override %s`",
      disk.gate, disk.detail, disk.gate));
}

absl::Status OfFolder(const absl::Status& status) {
  return absl::IsResourceExhausted(status) ? absl::UnavailableError(status.message()) : status;
}

absl::Status LeavesRoom(const std::string& folder, uint64_t floor) {
  const auto space = SpaceOf(folder);
  // Whoever can't look can't write either, and will say why.
  if (!space.ok() || space->free_bytes >= floor) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "the gate %s: %d bytes (%s) are free for the state folder, less than [gates] min_free_bytes "
      "= "
      "%d, and live events need them. Readers see what they saw before; make room, `syncd prune` "
      "what is no longer kept, and try again",
      kDiskGate, space->free_bytes, BytesForPeople(space->free_bytes), floor));
}

StateFacts ReadStateFacts(const std::string& folder) {
  StateFacts facts;
  std::error_code error;
  if (!fs::is_directory(folder, error)) return facts;
  if (const auto space = SpaceOf(folder); space.ok()) facts.space = *space;
  const std::string journal = (fs::path(folder) / kJournalFile).string();
  facts.journal_bytes = SizeOf(journal) + SizeOf(journal + "-wal");
  for (const uint64_t generation : GenerationsIn(folder)) {
    const std::string file = (fs::path(folder) / GenerationFileName(generation)).string();
    facts.generations[generation] = SizeOf(file) + SizeOf(file + "-wal");
  }
  ReadEvents(folder, facts);
  return facts;
}

}  // namespace syncd
