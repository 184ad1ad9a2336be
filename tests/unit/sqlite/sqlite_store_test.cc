// What the embedded store does beyond the contract: the file, and what other processes see in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <indexswap/sqlite.h>
#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "indexswap/sqlite/schema.h"

namespace indexswap {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

class SqliteStoreFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "sqlite-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ / "store.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Open(SqliteOptions options = {}) {
    store_.reset();
    absl::StatusOr<std::unique_ptr<IndexStore>> store = OpenSqliteStore(path_, options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  void Lead() {
    ASSERT_TRUE(store_->CreateLease(fence_, {}).ok());
    ASSERT_TRUE(store_->TakeOver(fence_, {}).ok());
  }

  void Create(const std::string& index) {
    IndexDefinition definition;
    definition.name = index;
    definition.mappings =
        R"({"properties":{"live":{"type":"boolean"},"n":{"type":"long"},
            "day":{"type":"date","format":"uuuu-MM-dd"}}})";
    definition.meta.release = "tis";
    absl::Status created = store_->CreateIndex(fence_, definition);
    ASSERT_TRUE(created.ok()) << created;
  }

  void Put(const std::string& index, const std::string& id, const std::string& document,
           uint64_t version = 1) {
    absl::StatusOr<std::vector<BulkResult>> results =
        store_->Bulk(fence_, {{BulkItem::Kind::kIndex, index, id, version, document}});
    ASSERT_TRUE(results.ok()) << results.status();
    ASSERT_EQ(results->front().outcome, BulkResult::Outcome::kDone) << results->front().reason;
  }

  absl::Status Point(const std::string& alias, const std::string& index,
                     const std::string& filter = "") {
    return store_->UpdateAliases(fence_, {{AliasAction::Kind::kAdd, alias, index, filter}});
  }

  // The first column of the first row, as another process reads it; the error's text on failure.
  std::string Ask(const std::string& sql) {
    sqlite3* db = nullptr;
    sqlite3_open_v2(path_.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_stmt* statement = nullptr;
    std::string answer;
    if (sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      answer = sqlite3_errmsg(db);
    } else if (sqlite3_step(statement) == SQLITE_ROW) {
      const unsigned char* text = sqlite3_column_text(statement, 0);
      answer = text == nullptr ? "" : reinterpret_cast<const char*>(text);
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return answer;
  }

  std::filesystem::path folder_;
  std::string path_;
  std::unique_ptr<IndexStore> store_;
  const Fence fence_{"tis", 1};
};

TEST_F(SqliteStoreFile, AbsentFileIsNotFoundUnlessItMayBeCreated) {
  SqliteOptions options;
  options.create = false;
  EXPECT_EQ(OpenSqliteStore(path_, options).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path_));
  Open();
  EXPECT_TRUE(std::filesystem::exists(path_));
  Open(options);
}

TEST_F(SqliteStoreFile, FileOfSomethingElseIsRefusedAndLeftAlone) {
  std::ofstream(path_) << "this is a text, and long enough to be no SQLite header at all ........";
  const auto before = std::filesystem::file_size(path_);
  EXPECT_EQ(OpenSqliteStore(path_).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(std::filesystem::file_size(path_), before);

  std::filesystem::remove(path_);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "CREATE TABLE theirs(a)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  absl::Status refused = OpenSqliteStore(path_).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("no store of indexswap"));
  EXPECT_EQ(Ask("SELECT count(*) FROM sqlite_schema"), "1");
}

// Runs SQL on a file behind the store's back.
void Tamper(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sql;
  sqlite3_close(db);
}

TEST_F(SqliteStoreFile, NewerFormatIsRefused) {
  Open();
  store_.reset();
  Tamper(path_, "PRAGMA user_version=99");
  const absl::Status refused = OpenSqliteStore(path_).status();
  EXPECT_TRUE(absl::IsUnimplemented(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()),
              ::testing::AllOf(HasSubstr(path_), HasSubstr("format 99"), HasSubstr("up to 1"),
                               HasSubstr("Use that program again")));
}

absl::Status AddColour(Connection& connection) {
  return connection.Run("ALTER TABLE indexswap_size ADD COLUMN colour TEXT");
}

absl::Status Fails(Connection& connection) {
  const absl::Status done = connection.Run("DROP TABLE indexswap_size");
  return done.ok() ? absl::ResourceExhaustedError("no more room") : done;
}

TEST_F(SqliteStoreFile, OlderFormatIsBroughtUpAllOrNothing) {
  Open();
  store_.reset();
  auto connection = Connection::Open(path_, Connection::Mode::kWrite, std::chrono::seconds(5), 100);
  ASSERT_TRUE(connection.ok()) << connection.status();
  const absl::Status failed = PrepareSchema(**connection, path_, {AddColour, Fails});
  EXPECT_TRUE(absl::IsResourceExhausted(failed)) << failed;
  EXPECT_EQ(Ask("PRAGMA user_version"), "1");
  EXPECT_EQ(Ask("SELECT count(*) FROM pragma_table_info('indexswap_size')"), "2");
  for (int opened = 0; opened < 2; ++opened) {
    const absl::Status done = PrepareSchema(**connection, path_, {AddColour});
    ASSERT_TRUE(done.ok()) << done;
    EXPECT_EQ(Ask("PRAGMA user_version"), "2");
    EXPECT_EQ(Ask("SELECT count(*) FROM pragma_table_info('indexswap_size')"), "3");
  }
}

TEST_F(SqliteStoreFile, NewerMetaAndLeaseAreToldOf) {
  Open();
  const Fence fence{"tis", 1};
  ASSERT_TRUE(store_->CreateLease(fence, {}).ok());
  GenerationMeta meta;
  meta.release = "tis";
  meta.generation = 1;
  meta.format = 2;
  ASSERT_TRUE(store_->CreateIndex(fence, {"people_v1", "{}", "{}", meta}).ok());
  Tamper(path_, R"(UPDATE indexswap_lease SET record='{"format":2}')");
  const auto state = store_->Read({"tis", {"people"}, {}});
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_FALSE(state->indexes.at(0).meta.has_value());
  EXPECT_THAT(state->indexes.at(0).newer, HasSubstr("format 2"));
  EXPECT_FALSE(state->leases.at(0).record.has_value());
  EXPECT_THAT(state->leases.at(0).newer, HasSubstr("format 2"));
}

TEST_F(SqliteStoreFile, EightRivalsCreateOneFile) {
  std::atomic<int> opened{0};
  std::vector<std::thread> rivals;
  for (int i = 0; i < 8; ++i) {
    rivals.emplace_back([&] { opened += OpenSqliteStore(path_).ok(); });
  }
  for (std::thread& rival : rivals) rival.join();
  EXPECT_EQ(opened, 8);
}

TEST_F(SqliteStoreFile, PlainSqliteReadsTablesAndViews) {
  Open();
  Lead();
  Create("doctors_v1");
  Put("doctors_v1", "a", R"({"live":true,"day":"2020-01-01"})");
  Put("doctors_v1", "b", R"({"live":false})");
  absl::StatusOr<std::vector<BulkResult>> deleted =
      store_->Bulk(fence_, {{BulkItem::Kind::kDelete, "doctors_v1", "c", 5, ""}});
  ASSERT_TRUE(deleted.ok());
  ASSERT_TRUE(Point("live_doctors", "doctors_v1", R"({"term":{"live":true}})").ok());
  ASSERT_TRUE(
      Point("past", "doctors_v1", R"({"range":{"day":{"lt":"now/d","time_zone":"Europe/London"}}})")
          .ok());
  EXPECT_EQ(Ask("SELECT count(*) FROM doctors_v1"), "2");  // a tombstone is no row
  EXPECT_EQ(Ask("SELECT id FROM live_doctors"), "a");
  EXPECT_EQ(Ask("SELECT version FROM live_doctors"), "1");
  EXPECT_EQ(Ask("SELECT document->>'$.day' FROM past"), "2020-01-01");
  EXPECT_EQ(Ask("SELECT count(*) FROM pragma_table_info('live_doctors')"), "3");
}

TEST_F(SqliteStoreFile, ViewOfTodayNeedsNothingThatPlainSqliteLacks) {
  Open();
  Lead();
  Create("doctors_v1");
  ASSERT_TRUE(Point("today", "doctors_v1",
                    R"({"range":{"day":{"gte":"now/d","lte":"now/d","time_zone":"+00:00"}}})")
                  .code() == StatusCode::kOk);
  const std::string today = Ask("SELECT date('now')");
  Put("doctors_v1", "a", R"({"day":")" + today + R"("})");
  const std::string found = Ask("SELECT count(*) FROM today");
  if (Ask("SELECT date('now')") == today) {
    EXPECT_EQ(found, "1");
  }
}

TEST_F(SqliteStoreFile, NamesThatWouldHideTheStoresOwnTablesAreRefused) {
  Open();
  Lead();
  Create("doctors_v1");
  EXPECT_EQ(Point("indexswap_lease", "doctors_v1").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Point("Indexswap_x", "doctors_v1").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Point("sqlite_x", "doctors_v1").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Point("DOCTORS_V1", "doctors_v1").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Point("alias", "indexswap_meta").code(), StatusCode::kNotFound);
  ASSERT_TRUE(Point("Readers", "doctors_v1").ok());
  EXPECT_EQ(Point("readers", "doctors_v1").code(), StatusCode::kInvalidArgument);
}

TEST_F(SqliteStoreFile, IndexOfAnotherReleaseIsNotWrittenTo) {
  Open();
  Lead();
  Create("doctors_v1");
  const Fence other{"other", 1};
  ASSERT_TRUE(store_->CreateLease(other, {}).ok());
  absl::StatusOr<std::vector<BulkResult>> results =
      store_->Bulk(other, {{BulkItem::Kind::kIndex, "doctors_v1", "a", 1, "{}"}});
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(results->front().outcome, BulkResult::Outcome::kFenced);
  EXPECT_EQ(store_->DeleteIndexes(other, {"doctors_v1"}).code(), StatusCode::kNotFound);
}

TEST_F(SqliteStoreFile, WriterWaitsForAnotherProcessAndSaysSoInTheEnd) {
  SqliteOptions options;
  options.busy_timeout = std::chrono::milliseconds(1);
  Open(options);
  Lead();
  Create("doctors_v1");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  absl::Status refused = Point("readers", "doctors_v1");
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  ASSERT_EQ(sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  EXPECT_TRUE(Point("readers", "doctors_v1").ok());
}

TEST_F(SqliteStoreFile, LogIsEmptiedWhileLoadingAndUnderAReaderOnceItLetsGo) {
  SqliteOptions options;
  options.checkpoint_bytes = 256 << 10;
  Open(options);
  Lead();
  Create("doctors_v1");
  const auto load = [this](int from) {
    for (int batch = from; batch < from + 10; ++batch) {
      std::vector<BulkItem> items;
      for (int i = 0; i < 100; ++i) {
        items.push_back({BulkItem::Kind::kIndex, "doctors_v1", std::to_string(batch * 100 + i), 1,
                         R"({"pad":")" + std::string(1000, 'x') + R"("})"});
      }
      ASSERT_TRUE(store_->Bulk(fence_, items).ok());
    }
  };
  const auto log_bytes = [this] { return std::filesystem::file_size(path_ + "-wal"); };
  load(0);
  EXPECT_LT(log_bytes(), 600u << 10);

  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open_v2(path_.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM doctors_v1", nullptr, nullptr, nullptr),
            SQLITE_OK);
  load(10);  // writes go on, the log grows
  EXPECT_GT(log_bytes(), 1u << 20);
  sqlite3_close(db);
  load(20);
  EXPECT_LT(log_bytes(), 600u << 10);
  EXPECT_EQ(Ask("SELECT count(*) FROM doctors_v1"), "3000");
}

TEST_F(SqliteStoreFile, ReadersSeeTheOldOrTheNewThroughoutLoadsAndSwaps) {
  Open();
  Lead();
  Create("doctors_v1");
  Put("doctors_v1", "a", R"({"n":1})");
  ASSERT_TRUE(Point("one", "doctors_v1").ok());
  ASSERT_TRUE(Point("two", "doctors_v1").ok());
  std::atomic<bool> stop{false};
  std::atomic<int> reads{0};
  std::string wrong;
  std::thread reader([&] {
    sqlite3* db = nullptr;
    sqlite3_open_v2(path_.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(db,
                       "SELECT (SELECT document->>'$.n' FROM one) IS "
                       "(SELECT document->>'$.n' FROM two) AND (SELECT count(*) FROM one)=1",
                       -1, &statement, nullptr);
    while (!stop && wrong.empty()) {
      if (sqlite3_step(statement) != SQLITE_ROW) {
        wrong = sqlite3_errmsg(db);
      } else if (sqlite3_column_int(statement, 0) != 1) {
        wrong = "mixed or empty";
      }
      sqlite3_reset(statement);
      ++reads;
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
  });
  for (int n = 2; n <= 40; ++n) {
    const std::string old = "doctors_v" + std::to_string(n - 1);
    const std::string next = "doctors_v" + std::to_string(n);
    Create(next);
    Put(next, "a", R"({"n":)" + std::to_string(n) + "}");
    ASSERT_TRUE(store_
                    ->UpdateAliases(fence_, {{AliasAction::Kind::kRemove, "one", old, ""},
                                             {AliasAction::Kind::kAdd, "one", next, ""},
                                             {AliasAction::Kind::kRemove, "two", old, ""},
                                             {AliasAction::Kind::kAdd, "two", next, ""}})
                    .ok());
    ASSERT_TRUE(store_->DeleteIndexes(fence_, {old}).ok());
  }
  stop = true;
  reader.join();
  EXPECT_EQ(wrong, "");
  EXPECT_GT(reads, 0);
}

TEST_F(SqliteStoreFile, ExplanationIsTheSqlOfTheSwap) {
  Open();
  Lead();
  Create("doctors_v1");
  const std::string sql =
      store_
          ->Explain(
              fence_, {},
              {{AliasAction::Kind::kAdd, "readers", "doctors_v1", R"({"term":{"live":true}})"}})[0]
          .body;
  EXPECT_THAT(sql, HasSubstr("CREATE VIEW \"readers\""));
  EXPECT_EQ(Ask("SELECT count(*) FROM sqlite_schema WHERE type='view'"), "0");
  EXPECT_THAT(
      store_->Explain(fence_, {}, {{AliasAction::Kind::kRemove, "x", "doctors_v1", ""}})[0].body,
      HasSubstr("would be refused"));
}

TEST_F(SqliteStoreFile, BytesGrowWithWhatIsWritten) {
  Open();
  Lead();
  Create("doctors_v1");
  const auto bytes = [this] { return store_->Read({"tis", {"doctors"}, {}})->indexes[0].bytes; };
  EXPECT_EQ(bytes(), 0u);
  Put("doctors_v1", "a", R"({"pad":")" + std::string(1000, 'x') + R"("})");
  EXPECT_GT(bytes(), 1000u);
}

}  // namespace
}  // namespace indexswap
