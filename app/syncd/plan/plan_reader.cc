#include "syncd/plan/plan_reader.h"

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <openssl/evp.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "syncd/plan/mapping_types.h"
#include "syncd/plan/plan_sections.h"

namespace syncd {
namespace {

constexpr char kPlanFile[] = "plan.toml";

using Loader = absl::FunctionRef<absl::StatusOr<std::string>(const std::string& name)>;

// SHA-256 over the names, sizes and contents: a size before each text keeps borders apart.
std::string HashFiles(const std::map<std::string, std::string>& files) {
  std::string input;
  for (const auto& [name, text] : files) {
    absl::StrAppend(&input, name.size(), ":", name, text.size(), ":", text);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(input.data(), input.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) absl::StrAppendFormat(&hex, "%02x", digest[i]);
  return hex;
}

absl::Status ReadToml(const std::string& text, Plan& plan) {
  TomlErrors errors(kPlanFile);
  try {
    const toml::table root = toml::parse(text, std::string(kPlanFile));
    ReadSections(root, errors, plan);
  } catch (const toml::parse_error& error) {
    errors.Add(error.source().begin.line,
               absl::StrCat("expected TOML, but: ", std::string(error.description())));
  }
  return errors.status();
}

absl::StatusOr<Plan> Build(Loader load) {
  Plan plan;
  auto text = load(kPlanFile);
  if (!text.ok()) return text.status();
  if (absl::Status status = ReadToml(*text, plan); !status.ok()) return status;
  plan.files[kPlanFile] = *std::move(text);

  std::vector<std::string> wanted = plan.views;
  if (!plan.hydrate_file.empty()) wanted.push_back(plan.hydrate_file);
  for (const PlanFamily& family : plan.families) wanted.push_back(family.mapping_file);
  for (const PlanQuery& query : plan.queries) wanted.push_back(query.body_file);
  for (const std::string& name : wanted) {
    if (plan.files.contains(name)) continue;
    auto content = load(name);
    if (!content.ok()) return content.status();
    plan.files[name] = *std::move(content);
  }
  for (PlanFamily& family : plan.families) {
    auto types = ReadMappingTypes(plan.files[family.mapping_file]);
    if (!types.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(family.mapping_file, ":", std::string(types.status().message())));
    }
    family.types = *std::move(types);
  }
  for (const PlanQuery& query : plan.queries) {
    const absl::Status body = CheckQueryBody(query, plan.files[query.body_file]);
    if (!body.ok()) return body;
  }
  plan.hash = HashFiles(plan.files);
  if (absl::Status status = plan.ToReleaseSpec().Validate(); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(kPlanFile, ": ", std::string(status.message())));
  }
  return plan;
}

}  // namespace

absl::StatusOr<Plan> ReadPlan(const std::string& dir) {
  const auto load = [&dir](const std::string& name) -> absl::StatusOr<std::string> {
    const std::string path = (std::filesystem::path(dir) / name).string();
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in.is_open() || in.bad()) {
      return absl::NotFoundError(
          absl::StrFormat("%s: cannot be read; expected a file of the plan", path));
    }
    return text;
  };
  return Build(load);
}

absl::StatusOr<Plan> PlanFromFiles(const std::map<std::string, std::string>& files) {
  const auto load = [&files](const std::string& name) -> absl::StatusOr<std::string> {
    const auto found = files.find(name);
    if (found != files.end()) return found->second;
    return absl::NotFoundError(absl::StrFormat("%s: not among the files of the plan", name));
  };
  return Build(load);
}

absl::StatusOr<std::string> ShippedPlanDir(std::string_view name) {
  const std::string plan(name);
  if (plan.empty() || plan[0] == '.' || plan.find('/') != std::string::npos) {
    return absl::NotFoundError(absl::StrFormat("\"%s\" is no name of a shipped plan", plan));
  }
  const std::string installed = absl::StrCat(SYNCD_PLAN_INSTALL_DIR, "/", plan);
  const std::string source = absl::StrCat(SYNCD_PLAN_SOURCE_DIR, "/", plan);
  for (const std::string& dir : {installed, source}) {
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::path(dir) / kPlanFile, error)) return dir;
  }
  return absl::NotFoundError(
      absl::StrFormat("no shipped plan \"%s\": looked for %s and %s; expected a shipped name or "
                      "the path of a plan's folder",
                      plan, installed, source));
}

}  // namespace syncd
