// `syncd dead-letters list | show`: what could not become a record or a document, and why.
#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "syncd/cli/command.h"
#include "syncd/cli/output.h"
#include "syncd/sync/state_files.h"

namespace syncd {
namespace {

constexpr int kPage = 1000;

absl::StatusOr<std::unique_ptr<GenerationFile>> OpenGeneration(const Config& config,
                                                               uint64_t generation) {
  const auto path = std::filesystem::path(config.state) / GenerationFileName(generation);
  return GenerationFile::OpenReadOnly(path.string());
}

absl::Status ListGeneration(const Config& config, uint64_t generation,
                            std::vector<GenerationDeadLetter>& letters) {
  auto file = OpenGeneration(config, generation);
  if (!file.ok()) return file.status();
  int64_t after = 0;
  while (true) {
    auto page = (*file)->dead_letters().List(after, kPage);
    if (!page.ok()) return page.status();
    if (page->empty()) return absl::OkStatus();
    for (DeadLetter& letter : *page) {
      after = letter.id;
      letters.push_back({generation, std::move(letter)});
    }
  }
}

struct LetterId {
  uint64_t generation = 0;
  int64_t letter = 0;
};

std::optional<LetterId> ParseId(const std::string& text) {
  const size_t dash = text.find('-');
  LetterId id;
  if (dash == std::string::npos || !absl::SimpleAtoi(text.substr(0, dash), &id.generation) ||
      !absl::SimpleAtoi(text.substr(dash + 1), &id.letter)) {
    return std::nullopt;
  }
  return id;
}

}  // namespace

int RunDeadLettersList(const Arguments& arguments) {
  const auto config = LoadConfig(arguments);
  if (!config.ok()) return Fail(arguments, config.status());
  std::vector<GenerationDeadLetter> letters;
  for (const uint64_t generation : GenerationsIn(config->state)) {
    if (absl::Status s = ListGeneration(*config, generation, letters); !s.ok()) {
      return Fail(arguments, s);
    }
  }
  if (arguments.json) {
    PrintLine(DeadLettersJson(letters));
    return 0;
  }
  for (const GenerationDeadLetter& one : letters) {
    const std::string where = one.letter.kind == DeadLetter::Kind::kRefused
                                  ? one.letter.family + " " + one.letter.document_id
                                  : "channel " + one.letter.channel;
    PrintLine(absl::StrFormat(
        "%-10s %s %s %s: %s", DeadLetterId(one), FormatTime(one.letter.time_ms),
        std::string(DeadLetterKindName(one.letter.kind)), where, one.letter.reason));
  }
  if (letters.empty()) PrintLine("no dead letters");
  return 0;
}

int RunDeadLettersShow(const Arguments& arguments) {
  const auto config = LoadConfig(arguments);
  if (!config.ok()) return Fail(arguments, config.status());
  const std::optional<LetterId> id = ParseId(arguments.id);
  if (!id) {
    return Fail(arguments,
                AsUsage(absl::InvalidArgumentError(absl::StrFormat(
                    "\"%s\" is no dead letter's id; `dead-letters list` shows them, such "
                    "as 13-1",
                    arguments.id))));
  }
  const std::vector<uint64_t> known = GenerationsIn(config->state);
  if (std::find(known.begin(), known.end(), id->generation) == known.end()) {
    return Fail(arguments, absl::NotFoundError(absl::StrFormat(
                               "generation %d has no file in %s: it was pruned, or never was; "
                               "`dead-letters list` shows what there is",
                               id->generation, config->state)));
  }
  auto file = OpenGeneration(*config, id->generation);
  if (!file.ok()) return Fail(arguments, file.status());
  auto letter = (*file)->dead_letters().Get(id->letter);
  if (!letter.ok()) return Fail(arguments, letter.status());
  const GenerationDeadLetter one{id->generation, *std::move(letter)};
  if (arguments.json) {
    PrintLine(DeadLetterJson(one));
  } else {
    PrintLine(one.letter.reason);
    PrintLine(one.letter.body);
  }
  return 0;
}

}  // namespace syncd
