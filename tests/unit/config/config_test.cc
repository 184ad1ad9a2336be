#include "syncd/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "../support/test_folder.h"

namespace syncd {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace fs = std::filesystem;

constexpr char kSmall[] = "plan = \"tis\"\nstate = \"state\"\n[store]\nurl = \"sqlite:a.db\"\n";

class ConfigTest : public ::testing::Test {
 protected:
  absl::StatusOr<Config> Read(const std::string& text) {
    std::ofstream(File()) << text;
    return ReadConfig(File(), [this](const char* name) -> const char* {
      const auto found = environment_.find(name);
      return found == environment_.end() ? nullptr : found->second.c_str();
    });
  }
  std::string File() const { return folder_.File("syncd.toml"); }
  std::string Error(const std::string& text) {
    const absl::Status status = Read(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    return std::string(status.message());
  }

  const TestFolder folder_;
  std::map<std::string, std::string> environment_;
};

TEST_F(ConfigTest, ASmallOneHasTheDefaultsOfTheRest) {
  const auto config = Read(kSmall);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->plan, "tis");
  EXPECT_EQ(config->store.url, "sqlite:" + folder_.File("a.db"));
  EXPECT_EQ(config->sync.start_timeout, milliseconds(30000));
  EXPECT_EQ(config->retention.generations, 2);
}

TEST_F(ConfigTest, RelativePathsAreThoseOfTheFile) {
  EXPECT_EQ(Read(kSmall)->state, folder_.File("state"));
  const std::string rest = "state = \"/var/s\"\n[store]\nurl = \"sqlite:/x/../b.db\"\n";
  EXPECT_EQ(Read("plan = \"plans/mine\"\n" + rest)->plan, folder_.File("plans/mine"));
  EXPECT_EQ(Read("plan = \"tis\"\n" + rest)->state, "/var/s");
  EXPECT_EQ(Read("plan = \"tis\"\n" + rest)->store.url, "sqlite:/x/../b.db");
  fs::create_directory(folder_.File("tis"));
  EXPECT_EQ(Read(kSmall)->plan, folder_.File("tis"));
}

TEST_F(ConfigTest, AStoreMayHaveSeveralNodes) {
  const std::string rest = "plan = \"tis\"\nstate = \"s\"\n[store]\nurl = ";
  const auto config = Read(rest + "\"http://a:9200, https://b:9201\"");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(StoreNodes(config->store.url),
              ::testing::ElementsAre("http://a:9200", "https://b:9201"));
  EXPECT_THAT(StoreNodes("http://a"), ::testing::ElementsAre("http://a"));
  for (const char* url : {"http://a,", "http://a,b", ",http://a", "http://a,sqlite:b"}) {
    EXPECT_THAT(Error(rest + "\"" + url + "\""), HasSubstr("[store] url: expected"));
  }
}

TEST_F(ConfigTest, EveryDefaultInTheTableIsLawful) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.fallback.empty()) continue;
    const bool quoted = key.type == "text" || key.type == "path" || key.type == "duration";
    const std::string value = quoted ? "\"" + key.fallback + "\"" : key.fallback;
    std::string text = kSmall;
    text += (key.section == "store" ? "" : "[" + key.section + "]\n") + key.key + " = " + value;
    EXPECT_TRUE(Read(text).ok()) << text << "\n" << Read(text).status();
    EXPECT_FALSE(key.meaning.empty()) << key.key;
  }
}

TEST_F(ConfigTest, ValuesGoWhereTheyBelong) {
  const auto config = Read(std::string(kSmall) +
                           "[queues]\ngmc = \"amqp:q\"\n[sync]\nquiet = \"3s\"\nsequential = true\n"
                           "[gates]\nmax_shrink = 0.5\nhealth = \"green\"\nmax_rejected_count = 3\n"
                           "digest = \"all\"\n"
                           "[bulk]\ndocuments = 7\n[lease]\nbeat = \"1s\"\n[retention]\ngrace = "
                           "\"2h\"\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->queues.at("gmc"), "amqp:q");
  EXPECT_EQ(config->sync.quiet, milliseconds(3000));
  EXPECT_TRUE(config->sync.sequential);
  EXPECT_EQ(config->gates.max_shrink, 0.5);
  EXPECT_TRUE(config->gates.digest_all);
  EXPECT_EQ(config->gates.health, indexswap::Health::Colour::kGreen);
  EXPECT_EQ(config->rejected.count, 3u);
  EXPECT_EQ(config->bulk.max_documents, 7u);
  EXPECT_EQ(config->lease.beat, milliseconds(1000));
  EXPECT_EQ(config->retention.grace, std::chrono::hours(2));
}

TEST_F(ConfigTest, TheEnvironmentOverridesTheFile) {
  environment_ = {{"SYNCD_STATE", "/elsewhere"},
                  {"SYNCD_STORE_PASSWORD", "secret"},
                  {"SYNCD_SYNC_STALL_TIMEOUT", "7s"}};
  const auto config = Read(std::string(kSmall) + "[sync]\nstall_timeout = \"1s\"\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->state, "/elsewhere");
  EXPECT_EQ(config->store.password, "secret");
  EXPECT_EQ(config->sync.stall_timeout, milliseconds(7000));
  environment_ = {{"SYNCD_BULK_DOCUMENTS", "many"}};
  EXPECT_THAT(Error(kSmall), HasSubstr("SYNCD_BULK_DOCUMENTS: expected a whole number"));
}

// What is put behind the small configuration, and the line and words of the error.
struct Mistake {
  const char* text;
  int line;
  const char* words;
};

class ConfigMistake : public ConfigTest, public ::testing::WithParamInterface<Mistake> {};

TEST_P(ConfigMistake, NamesFileLineAndKey) {
  const std::string error = Error(std::string(kSmall) + GetParam().text);
  EXPECT_THAT(error, StartsWith(File() + ":" + std::to_string(GetParam().line) + ": "));
  EXPECT_THAT(error, HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    Each, ConfigMistake,
    ::testing::Values(
        Mistake{"[sync]\nquite = \"2s\"\n", 6, "[sync] quite: there is no such key"},
        Mistake{"[synch]\nquiet = \"2s\"\n", 5, "[synch] is no section"},
        Mistake{"[sync]\nquiet = 2\n", 6, "[sync] quiet: expected a duration in quotes"},
        Mistake{"[sync]\nquiet = \"2\"\n", 6, "[sync] quiet: expected a duration"},
        Mistake{"[sync]\nsequential = \"yes\"\n", 6, "[sync] sequential: expected true or false"},
        Mistake{"[bulk]\n\nin_flight = 0\n", 7, "[bulk] in_flight: expected a whole number from 1"},
        Mistake{"[bulk]\nreader_latency_factor = 0.5\n", 6,
                "[bulk] reader_latency_factor: expected 0, or a number above 1"},
        Mistake{"[bulk]\nin_flight = -1\n", 6, "[bulk] in_flight: expected a whole number from 1"},
        Mistake{"[bulk]\nin_flight = 1.5\n", 6, "[bulk] in_flight: expected a whole number"},
        Mistake{"[gates]\nmax_shrink = 1.1\n", 6, "[gates] max_shrink: expected a number from 0"},
        Mistake{"[gates]\nmax_shrink = nan\n", 6, "[gates] max_shrink: expected a number from 0"},
        Mistake{"[gates]\ndigest = \"none\"\n", 6, "[gates] digest: expected one of \"sample\""},
        Mistake{"[gates]\nhealth = \"red\"\n", 6, "[gates] health: expected one of \"yellow\""},
        Mistake{"ca_file = 7\n", 5, "[store] ca_file: expected a path in quotes"},
        Mistake{"user = true\n", 5, "[store] user: expected text in quotes"},
        Mistake{"[queues]\ngmc = 1\n", 6, "[queues] gmc: expected text"},
        Mistake{"[queues\n", 5, "not TOML"}));

TEST_F(ConfigTest, WhatIsMissingIsNamedWithAnExample) {
  EXPECT_THAT(Error("state = \"s\"\n[store]\nurl = \"sqlite:a\"\n"), HasSubstr("plan = \"tis\""));
  EXPECT_THAT(Error("plan = \"tis\"\n[store]\nurl = \"sqlite:a\"\n"),
              HasSubstr("state is missing"));
  EXPECT_THAT(Error("plan = \"tis\"\nstate = \"s\"\n"), HasSubstr("[store] url is missing"));
}

TEST_F(ConfigTest, AStoreOfAnotherKindIsRefused) {
  for (const char* url : {"sqlite:", "ftp://h", "localhost:9200"}) {
    EXPECT_THAT(Error("plan = \"tis\"\nstate = \"s\"\n[store]\nurl = \"" + std::string(url) + "\""),
                HasSubstr("[store] url: expected sqlite:PATH"))
        << url;
  }
}

TEST_F(ConfigTest, ALeaseOutlastsThreeBeats) {
  const std::string lease = std::string(kSmall) + "[lease]\nbeat = \"2s\"\ntimeout = ";
  EXPECT_TRUE(Read(lease + "\"6s\"").ok());
  EXPECT_THAT(Error(lease + "\"5999ms\""), HasSubstr("at least three times"));
  EXPECT_THAT(Error(std::string(kSmall) + "[lease]\nbeat = \"0s\""), HasSubstr("longer than 0"));
}

TEST_F(ConfigTest, ABatchFitsTheBuffer) {
  EXPECT_THAT(Error(std::string(kSmall) + "[bulk]\nbytes = 2097152\nbuffered_bytes = 1048576\n"),
              HasSubstr("[bulk] bytes must not be more than"));
}

TEST_F(ConfigTest, AFileThatIsNotThereIsNamed) {
  const auto config = ReadConfig(folder_.File("no.toml"), [](const char*) { return nullptr; });
  EXPECT_EQ(config.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("no.toml"));
}

TEST(ParseDuration, TakesWholeNumbersWithAUnit) {
  EXPECT_EQ(ParseDuration("1500ms"), milliseconds(1500));
  EXPECT_EQ(ParseDuration("90s"), milliseconds(90000));
  EXPECT_EQ(ParseDuration("2m"), milliseconds(120000));
  EXPECT_EQ(ParseDuration("24h"), milliseconds(86400000));
  EXPECT_EQ(ParseDuration("7d"), milliseconds(604800000));
  EXPECT_EQ(ParseDuration("0s"), milliseconds(0));
  for (const char* text : {"", "s", "90", "-1s", "1.5s", "1 s", "1S", "1s ", "1w", "+1s",
                           "18446744073709551616ms", "9223372036854775807d"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace syncd
