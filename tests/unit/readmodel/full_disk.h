// A disk that is full, for SQLite: from now on its writes find no room, and SQLITE_FULL comes of
// it.
#ifndef TESTS_UNIT_READMODEL_FULL_DISK_H_
#define TESTS_UNIT_READMODEL_FULL_DISK_H_

#include <sqlite3.h>

#include <atomic>
#include <map>
#include <mutex>

namespace syncd {

// Full for as long as it lives. Files that were opened before the first call of Watch are not
// concerned.
class FullDisk {
 public:
  FullDisk() { Full() = true; }
  ~FullDisk() { Full() = false; }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

  // Puts itself between SQLite and the disk, once.
  static bool Watch() {
    static const bool registered = [] {
      Real() = sqlite3_vfs_find(nullptr);
      static sqlite3_vfs vfs = *Real();
      vfs.zName = "full-disk";
      vfs.pNext = nullptr;
      vfs.xOpen = Open;
      return sqlite3_vfs_register(&vfs, 1) == SQLITE_OK;
    }();
    return registered;
  }

 private:
  struct Methods {
    const sqlite3_io_methods* real = nullptr;
    sqlite3_io_methods changed = {};
  };

  static std::atomic<bool>& Full() {
    static std::atomic<bool> full{false};
    return full;
  }
  static sqlite3_vfs*& Real() {
    static sqlite3_vfs* real = nullptr;
    return real;
  }
  static Methods* Find(const sqlite3_io_methods* methods, bool changed) {
    static std::mutex mutex;
    static auto& all = *new std::map<const sqlite3_io_methods*, Methods>;
    const std::lock_guard lock(mutex);
    if (!changed) {
      Methods& found = all[methods];
      if (found.real == nullptr) {
        found.real = methods;
        found.changed = *methods;
        found.changed.xWrite = Write;
      }
      return &found;
    }
    for (auto& [real, found] : all) {
      if (&found.changed == methods) return &found;
    }
    return nullptr;
  }

  static int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    const int result = Real()->xOpen(Real(), name, file, flags, out);
    if (file->pMethods != nullptr) file->pMethods = &Find(file->pMethods, false)->changed;
    return result;
  }

  static int Write(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
    if (Full()) return SQLITE_FULL;
    return Find(file->pMethods, true)->real->xWrite(file, data, bytes, offset);
  }
};

}  // namespace syncd

#endif  // TESTS_UNIT_READMODEL_FULL_DISK_H_
