// open_sqlite(): who may open the file, and how: owner, lock, version, pragmas.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"
#include "embedded/storage_schema.h"
#include "storage/sqlite/migration.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/sqlite_store_inside.h"

namespace sallyport::storage {
namespace {

constexpr const char* kForeignOwner = "the store belongs to another user";
constexpr const char* kNoStore =
    "there is no store: put a backup there, or begin anew with `sallyport init --dir` and a new folder";

Result<void> check_owner(const std::string& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) {
    if (errno == ENOENT) return fail(Code::kNotFound, Side::kStorage, kNoStore);
    return fail(Code::kUnavailable, Side::kStorage, "the store's file cannot be opened");
  }
  if (!S_ISREG(facts.st_mode)) return malformed(Side::kStorage, "the store is not a file");
  if (facts.st_uid != ::geteuid()) return fail(Code::kDenied, Side::kStorage, kForeignOwner);
  return {};
}

Result<Fd> lock_to_serve(const std::string& path) {
  Fd fd(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail(Code::kUnavailable, Side::kStorage, "the store's lock file cannot be opened");
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno == EWOULDBLOCK) return fail(Code::kConflict, Side::kStorage, "another gateway serves this store");
  return fail(Code::kUnavailable, Side::kStorage, "the store's lock file cannot be locked");
}

Result<void> sync_folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0)
    return fail(Code::kUnavailable, Side::kStorage, "the store's folder cannot be synced");
  return {};
}

Result<std::unique_ptr<Store>> make(const std::string& path, std::span<const EmbeddedFile> migrations) {
  TRY(Connection connection, Connection::open(path, OpenFile::kNew));
  CHECKED(migrate(connection, migrations));
  CHECKED(sync_folder_of(path));
  return std::make_unique<SqliteStore>(std::move(connection), Fd());
}

std::string versions(const std::string& path) {
  auto connection = Connection::open(path, OpenFile::kExisting);
  if (!connection) return {};
  const auto version = schema_version(*connection);
  if (!version) return {};
  return " (it is of version " + std::to_string(*version) + ", this program knows those up to " +
         std::to_string(newest_version(storage_schema())) + ")";
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, SqliteOpen mode) {
  return open_sqlite(path, mode, storage_schema());
}

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, SqliteOpen mode,
                                           std::span<const EmbeddedFile> migrations) {
  if (mode == SqliteOpen::kCreate) {
    auto made = make(path, migrations);
    // A file of which only a part could be written would be in the way of the next attempt; one that was there stays.
    if (!made && made.error().code != Code::kConflict)
      for (const char* suffix : {"", "-wal", "-shm"}) ::unlink((path + suffix).c_str());
    return made;
  }
  CHECKED(check_owner(path));
  Fd lock;
  if (mode == SqliteOpen::kServe) {
    TRY(lock, lock_to_serve(path));
  }
  TRY(Connection connection, Connection::open(path, OpenFile::kExisting));
  TRY(const uint32_t version, schema_version(connection));
  const uint32_t newest = newest_version(migrations);
  if (version == 0) return malformed(Side::kStorage, "the file is not a Sallyport store");
  if (version > newest) return fail(Code::kDenied, Side::kStorage, kNewerStore);
  if (version < newest && mode == SqliteOpen::kCommand)
    return fail(Code::kDenied, Side::kStorage, "store is of an older version, start serve first");
  if (version < newest) CHECKED(migrate(connection, migrations));
  return std::make_unique<SqliteStore>(std::move(connection), std::move(lock));
}

std::string describe_open_error(const std::string& path, const Error& error) {
  std::string out = path + ": " + error.what;
  struct stat facts{};
  if (std::string_view(error.what) == kForeignOwner && ::stat(path.c_str(), &facts) == 0)
    out += " (owner uid " + std::to_string(facts.st_uid) + ", this process runs as uid " + std::to_string(::geteuid()) +
           ")";
  if (error.what == std::string_view(kNewerStore)) out += versions(path);
  return out;
}

}  // namespace sallyport::storage
