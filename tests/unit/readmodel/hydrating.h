// Short ways to make a generation's file from documents, and to look at it.
#ifndef TESTS_UNIT_READMODEL_HYDRATING_H_
#define TESTS_UNIT_READMODEL_HYDRATING_H_

#include <map>
#include <string>

#include "syncd/readmodel/hydration.h"
#include "test_model.h"

namespace syncd {

using Families = std::map<std::string, Documents>;

// The documents of every family, also of those that have none.
inline Families ProjectAll(GenerationFile& file) {
  Families documents;
  for (const PlanFamily& family : file.plan().families) {
    documents[family.name];
    const absl::Status s =
        file.Project(family.name, [&](std::string_view id, std::string&& document) {
          documents[family.name][std::string(id)] = std::move(document);
          return absl::OkStatus();
        });
    EXPECT_TRUE(s.ok()) << s;
  }
  return documents;
}

inline Families ProjectAll(const std::string& path) {
  auto file = GenerationFile::Open(path, Durability::kOff);
  EXPECT_TRUE(file.ok()) << file.status();
  return ProjectAll(**file);
}

inline RunInfo HydratedRun(uint64_t cursor = 0) {
  RunInfo run;
  run.stage = RunStage::kPromoted;
  run.source = kHydratedSource;
  run.event_cursor = cursor;
  return run;
}

inline void AddAll(Hydration& hydration, const Families& families) {
  ASSERT_TRUE(hydration.BeginPage().ok());
  for (const auto& [family, documents] : families) {
    for (const auto& [id, document] : documents) {
      ASSERT_TRUE(hydration.Add(family, id, 1, document).ok());
    }
  }
  ASSERT_TRUE(hydration.EndPage().ok());
}

inline absl::StatusOr<HydrationReport> Hydrate(const std::string& path, const Families& families,
                                               const Plan& plan = TisPlan(), uint64_t cursor = 0) {
  auto hydration = Hydration::Begin(path, plan, HydratedRun(cursor));
  if (!hydration.ok()) return hydration.status();
  AddAll(**hydration, families);
  if (absl::Status s = (*hydration)->Derive(); !s.ok()) return s;
  if (absl::Status s = (*hydration)->Compare(); !s.ok()) return s;
  return (*hydration)->Finish();
}

}  // namespace syncd

#endif  // TESTS_UNIT_READMODEL_HYDRATING_H_
