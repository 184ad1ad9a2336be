// The example of docs/plan.md is what the document says it is.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "syncd/plan/plan_reader.h"
#include "syncd/readmodel/generation_file.h"

namespace syncd {
namespace {

std::string Document() {
  std::ifstream in(PLAN_DOCUMENT);
  EXPECT_TRUE(in.is_open()) << PLAN_DOCUMENT;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The first block of that language.
std::string Block(const std::string& document, const std::string& language) {
  const std::string opening = "```" + language + "\n";
  const size_t start = document.find(opening);
  const size_t end = document.find("```", start + opening.size());
  EXPECT_NE(start, std::string::npos) << language;
  return document.substr(start + opening.size(), end - start - opening.size());
}

// The text between the next two backquotes behind `words`, without line breaks.
std::string Code(const std::string& document, const std::string& words) {
  const size_t start = document.find('`', document.find(words) + words.size()) + 1;
  std::string code = document.substr(start, document.find('`', start) - start);
  while (code.find('\n') != std::string::npos) code.replace(code.find('\n'), 1, " ");
  return code;
}

TEST(PlanDocument, ExampleRuns) {
  const std::string document = Document();
  const auto plan = PlanFromFiles({{"plan.toml", Block(document, "toml")},
                                   {"views.sql", Block(document, "sql")},
                                   {"people.json", Block(document, "json")}});
  ASSERT_TRUE(plan.ok()) << plan.status();
  const std::string path = ::testing::TempDir() + "/plan_document.db";
  std::remove(path.c_str());
  auto file = GenerationFile::Create(path, *plan, RunInfo(), Durability::kOff);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->BeginBatch().ok());
  const auto person = (*file)->Ingest("people", Code(document, "A message"));
  const auto address = (*file)->Ingest("addresses", Code(document, "in `people`, and\n"));
  ASSERT_TRUE(person.ok() && address.ok()) << person.status() << address.status();
  EXPECT_EQ(person->records, 1u);
  EXPECT_EQ(address->records, 1u);
  EXPECT_EQ(person->rejected + address->rejected, 0u);
  ASSERT_TRUE((*file)->Commit().ok());
  std::map<std::string, std::string> documents;
  ASSERT_TRUE((*file)
                  ->Project("people",
                            [&](std::string_view id, std::string&& text) {
                              documents[std::string(id)] = std::move(text);
                              return absl::OkStatus();
                            })
                  .ok());
  EXPECT_EQ(documents, (std::map<std::string, std::string>{{"7", Code(document, "`7`:\n")}}));
}

}  // namespace
}  // namespace syncd
