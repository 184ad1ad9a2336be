// A folder of its own for a test.
#ifndef SYNCD_TESTS_UNIT_SUPPORT_TEST_FOLDER_H_
#define SYNCD_TESTS_UNIT_SUPPORT_TEST_FOLDER_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace syncd {

// Empty, and the running test's alone; a second one of the same test under another suffix; removed
// with it: the member of a fixture above those that have files open in it.
class TestFolder {
 public:
  explicit TestFolder(const std::string& suffix = "") {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->test_suite_name()) + "-" + test->name() + suffix;
    for (char& c : name) c = c == '/' ? '-' : c;
    path_ = ::testing::TempDir() + name;
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace syncd

#endif  // SYNCD_TESTS_UNIT_SUPPORT_TEST_FOLDER_H_
