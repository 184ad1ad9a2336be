// The contract suite over the stores that need no server.
#include <gtest/gtest.h>
#include <indexswap/sqlite.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "indexswap/testing/memory_store.h"
#include "indexswap/testing/store_contract.h"

namespace indexswap::testing {
namespace {

void RegisterMemory() {
  auto cluster = std::make_shared<std::shared_ptr<MemoryCluster>>();
  StoreFactory factory;
  factory.name = "Memory";
  factory.make = [cluster] {
    *cluster = std::make_shared<MemoryCluster>();
    return MakeMemoryStore(*cluster);
  };
  factory.reopen = [cluster] { return MakeMemoryStore(*cluster); };
  factory.create_foreign_index = [cluster](const std::string& name) {
    return (*cluster)->CreateForeignIndex(name);
  };
  factory.fill_foreign_index = [cluster](const std::string& name,
                                         const std::vector<std::string>& documents) {
    (*cluster)->FillForeignIndex(name, documents);
    return absl::OkStatus();
  };
  RegisterStore(std::move(factory));
}

// A folder that goes with the process; each test has a file of its own in it.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "contract-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string NextFile() { return current_ = path_ / ("store" + std::to_string(++files_) + ".db"); }
  const std::string& current() const { return current_; }

 private:
  std::filesystem::path path_;
  std::string current_;
  int files_ = 0;
};

std::unique_ptr<IndexStore> OpenFile(const std::string& path) {
  absl::StatusOr<std::unique_ptr<IndexStore>> store = OpenSqliteStore(path);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

// As another program would.
absl::Status RunSql(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  int code = sqlite3_open(path.c_str(), &db);
  if (code == SQLITE_OK) code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  sqlite3_close(db);
  return code == SQLITE_OK ? absl::OkStatus() : absl::InternalError(sqlite3_errstr(code));
}

void RegisterSqlite() {
  auto folder = std::make_shared<Folder>();
  StoreFactory factory;
  factory.name = "Sqlite";
  factory.make = [folder] { return OpenFile(folder->NextFile()); };
  factory.reopen = [folder] { return OpenFile(folder->current()); };
  factory.create_foreign_index = [folder](const std::string& name) {
    return RunSql(folder->current(), "CREATE TABLE \"" + name +
                                         "\"(id TEXT PRIMARY KEY, version INTEGER, document TEXT)");
  };
  factory.fill_foreign_index = [folder](const std::string& name,
                                        const std::vector<std::string>& documents) {
    std::string sql;
    for (const std::string& document : documents) {
      sql += "INSERT INTO \"" + name + "\" VALUES(hex(randomblob(10)), 1, '" + document + "');";
    }
    return RunSql(folder->current(), sql);
  };
  factory.visible_only_after_refresh = false;
  RegisterStore(std::move(factory));
}

}  // namespace
}  // namespace indexswap::testing

int main(int argc, char** argv) {
  indexswap::testing::RegisterMemory();
  indexswap::testing::RegisterSqlite();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
