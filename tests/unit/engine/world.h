// A small release on a memory store behind faults, with clocks that stand still.
#ifndef INDEXSWAP_TESTS_UNIT_ENGINE_WORLD_H_
#define INDEXSWAP_TESTS_UNIT_ENGINE_WORLD_H_

#include <absl/strings/str_format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/engine.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "indexswap/testing/fake_clock.h"
#include "indexswap/testing/faulty_store.h"
#include "indexswap/testing/memory_store.h"

namespace indexswap {

using testing::FakeClock;
using testing::Fault;
using testing::FaultyStore;
using testing::Method;

// Keeps what it is told. Thread-safe.
class Recorder : public Observer {
 public:
  void OnRefused(const RefusedDocument& document) override {
    const std::lock_guard lock(mutex_);
    refused_.push_back(document);
  }
  std::vector<RefusedDocument> refused() {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  std::mutex mutex_;
  std::vector<RefusedDocument> refused_;
};

inline ReleaseSpec SmallRelease() {
  ReleaseSpec release;
  release.name = "tis";
  release.plan_hash = "plan-1";
  release.families = {
      {"docs", R"({"properties":{"n":{"type":"integer"},"open":{"type":"boolean"}}})", "", 0},
      {"notes", R"({"properties":{"n":{"type":"integer"}}})", "", 0}};
  release.aliases = {{"all_docs", "docs", "", false},
                     {"open_docs", "docs", R"({"term":{"open":true}})", false},
                     {"all_notes", "notes", "", true}};
  return release;
}

inline EngineOptions OptionsFor(const std::string& id, FakeClock& clock) {
  EngineOptions options;
  options.owner = {"host-" + id, 4711, "", "state-" + id, id};
  options.lease.beat = std::chrono::hours(1);  // tests beat themselves
  options.clock = &clock;
  return options;
}

// One process: its store handle and its engine. The cluster is shared.
struct Process {
  FaultyStore* store = nullptr;  // the engine's own
  Recorder observer;
  std::unique_ptr<Engine> engine;
};

class World : public ::testing::Test {
 protected:
  std::unique_ptr<Process> Start(const std::string& id) {
    return Start(OptionsFor(id, clock_), SmallRelease());
  }

  std::unique_ptr<Process> Start(EngineOptions options, ReleaseSpec release) {
    auto process = std::make_unique<Process>();
    auto store = std::make_shared<FaultyStore>(testing::MakeMemoryStore(cluster_));
    process->store = store.get();
    auto engine = Engine::Open(store, std::move(release), std::move(options), &process->observer);
    EXPECT_TRUE(engine.ok()) << engine.status();
    if (engine.ok()) process->engine = *std::move(engine);
    return process;
  }

  static void Fill(Build& build, int docs, int notes = 3) {
    for (int i = 0; i < docs; ++i) {
      const absl::Status put =
          build.Put("docs", absl::StrFormat("d%d", i), 0,
                    absl::StrFormat(R"({"n":%d,"open":%s})", i, i % 2 == 0 ? "true" : "false"));
      ASSERT_TRUE(put.ok()) << put;
    }
    for (int i = 0; i < notes; ++i) {
      const absl::Status put =
          build.Put("notes", absl::StrFormat("n%d", i), 0, absl::StrFormat(R"({"n":%d})", i));
      ASSERT_TRUE(put.ok()) << put;
    }
  }

  // Builds and seals a generation; 0 when that failed.
  static uint64_t BuildSealed(Engine& engine, int docs, int notes = 3) {
    auto build = engine.Begin();
    EXPECT_TRUE(build.ok()) << build.status();
    if (!build.ok()) return 0;
    Fill(**build, docs, notes);
    const auto sealed = (*build)->Seal({});
    EXPECT_TRUE(sealed.ok()) << sealed.status();
    return sealed.ok() ? (*build)->generation() : 0;
  }

  static uint64_t BuildLive(Engine& engine, int docs, int notes = 3) {
    const uint64_t generation = BuildSealed(engine, docs, notes);
    const auto promoted = engine.Promote(generation, {});
    EXPECT_TRUE(promoted.ok()) << promoted.status();
    return generation;
  }

  // Where the aliases point, read past every fault: `all_docs=docs_v1 …`.
  std::string Aliases() {
    const auto state = testing::MakeMemoryStore(cluster_)->Read(
        {"tis", {"docs", "notes"}, {"all_docs", "open_docs", "all_notes"}});
    std::string text;
    for (const auto& [alias, targets] : state->aliases) {
      for (const AliasTarget& target : targets) {
        text += (text.empty() ? "" : " ") + alias + "=" + target.index;
      }
    }
    return text;
  }

  static std::string AllAt(uint64_t generation) {
    return absl::StrFormat("all_docs=docs_v%d all_notes=notes_v%d open_docs=docs_v%d", generation,
                           generation, generation);
  }

  static const GateResult* Gate(const std::vector<GateResult>& gates, const std::string& name) {
    for (const GateResult& gate : gates) {
      if (gate.gate == name) return &gate;
    }
    ADD_FAILURE() << "no gate " << name;
    return nullptr;
  }

  std::shared_ptr<testing::MemoryCluster> cluster_ = std::make_shared<testing::MemoryCluster>();
  FakeClock clock_;
};

}  // namespace indexswap

#endif  // INDEXSWAP_TESTS_UNIT_ENGINE_WORLD_H_
