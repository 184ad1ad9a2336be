#include "indexswap/opensearch/index_settings.h"

#include <gtest/gtest.h>

#include "indexswap/json/canonical.h"

namespace indexswap {
namespace {

std::string Canonical(const absl::StatusOr<std::string>& text) {
  return text.ok() ? CanonicalJson(*text).value_or("?") : std::string(text.status().message());
}

TEST(LoadingSettingsTest, OverridesRefreshAndReplicasHoweverTheyAreWritten) {
  const char* expected = R"({"index.auto_expand_replicas":"false","index.number_of_replicas":0,)"
                         R"("index.number_of_shards":3,"index.refresh_interval":"-1"})";
  for (const char* settings :
       {R"({"number_of_shards":3,"number_of_replicas":2,"refresh_interval":"1s"})",
        R"({"index":{"number_of_shards":3,"number_of_replicas":2,"refresh_interval":"1s"}})",
        R"({"index.number_of_shards":3,"index.auto_expand_replicas":"0-1"})"}) {
    EXPECT_EQ(Canonical(LoadingSettings(settings)), expected) << settings;
  }
}

TEST(LoadingSettingsTest, KeepsAnalysisWhole) {
  EXPECT_EQ(Canonical(LoadingSettings(
                R"({"analysis":{"analyzer":{"a":{"type":"custom","filter":["x","y"]}}}})")),
            R"({"index.analysis.analyzer.a.filter":["x","y"],)"
            R"("index.analysis.analyzer.a.type":"custom","index.auto_expand_replicas":"false",)"
            R"("index.number_of_replicas":0,"index.refresh_interval":"-1"})");
}

TEST(SealedSettingsTest, DefaultsAreTheClusters) {
  const char* defaults = R"({"index.auto_expand_replicas":null,"index.number_of_replicas":null,)"
                         R"("index.refresh_interval":null})";
  EXPECT_EQ(Canonical(SealedSettings("")), defaults);
  EXPECT_EQ(Canonical(SealedSettings("{}")), defaults);
}

TEST(SealedSettingsTest, LeavesOutWhatOnlyMattersAtCreation) {
  EXPECT_EQ(Canonical(SealedSettings(
                R"({"index":{"number_of_shards":3,"codec":"best_compression","sort.field":"a",
              "analysis":{"analyzer":{"a":{"type":"custom"}}}},
              "number_of_replicas":1,"refresh_interval":"5s","max_result_window":50000})")),
            R"({"index.auto_expand_replicas":null,"index.max_result_window":50000,)"
            R"("index.number_of_replicas":1,"index.refresh_interval":"5s"})");
}

TEST(IndexSettingsTest, WhatIsNoObjectIsRefused) {
  for (const char* settings : {"[1]", "[1", "7", "{\"a\":"}) {
    EXPECT_EQ(LoadingSettings(settings).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(SealedSettings(settings).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace indexswap
