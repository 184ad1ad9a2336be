#include "syncd/plan/plan.h"

#include <gtest/gtest.h>

#include "syncd/plan/plan_reader.h"
#include "test_plan.h"

namespace syncd {
namespace {

TEST(Plan, ReleaseSpecHasFamiliesAndAliases) {
  const auto plan = PlanFromFiles(SmallPlanFiles());
  ASSERT_TRUE(plan.ok()) << plan.status();
  const indexswap::ReleaseSpec spec = plan->ToReleaseSpec();
  EXPECT_TRUE(spec.Validate().ok());
  EXPECT_EQ(spec.name, "small");
  EXPECT_EQ(spec.plan_hash, plan->hash);
  ASSERT_EQ(spec.families.size(), 1u);
  EXPECT_EQ(spec.families[0].mappings, plan->files.at("people.json"));
  EXPECT_EQ(spec.families[0].min_documents, 10u);
  EXPECT_NE(spec.families[0].settings.find("\"number_of_replicas\" : 1"), std::string::npos)
      << spec.families[0].settings;
  ASSERT_EQ(spec.aliases.size(), 2u);
  EXPECT_TRUE(spec.aliases[1].may_be_empty);
}

TEST(Plan, FindsOnlyWhatIsThere) {
  const auto plan = PlanFromFiles(SmallPlanFiles());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_NE(plan->FindFamily("people"), nullptr);
  EXPECT_EQ(plan->FindFamily("person"), nullptr);
  EXPECT_EQ(plan->FindEntity("people"), nullptr);
  EXPECT_EQ(plan->FindChannel("person"), nullptr);
  EXPECT_EQ(plan->FindEntity("person")->FindField("people"), nullptr);
}

TEST(Plan, EveryFieldTypeHasAWord) {
  EXPECT_EQ(FieldTypeName(FieldType::kText), "text");
  EXPECT_EQ(FieldTypeName(FieldType::kKeyword), "keyword");
  EXPECT_EQ(FieldTypeName(FieldType::kInteger), "integer");
  EXPECT_EQ(FieldTypeName(FieldType::kBoolean), "boolean");
  EXPECT_EQ(FieldTypeName(FieldType::kDate), "date");
  EXPECT_EQ(FieldTypeName(FieldType::kDateTime), "datetime");
}

}  // namespace
}  // namespace syncd
