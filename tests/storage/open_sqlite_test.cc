// Who may open which file how, and how a schema comes from one version to the next.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "embedded/storage_schema.h"
#include "storage/sqlite/migration.h"
#include "storage/sqlite/sqlite_store_inside.h"
#include "tests/storage/store_fixture.h"

namespace sallyport::storage {
namespace {

class OpenSqliteTest : public ::testing::Test {
 protected:
  std::string open(SqliteOpen mode) {
    const auto store = open_sqlite(path_, mode);
    return store ? "opened" : store.error().what;
  }
  void make() { ASSERT_EQ(open(SqliteOpen::kCreate), "opened"); }
  void write(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }

  TestFolder folder_;
  const std::string path_ = folder_ / "sallyport.db";
};

TEST_F(OpenSqliteTest, makes_a_file_for_its_owner_alone) {
  const mode_t before = ::umask(0);
  make();
  ::umask(before);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat facts{};
    if (::stat((path_ + suffix).c_str(), &facts) == 0) {
      EXPECT_EQ(facts.st_mode & 0777, 0600u) << suffix;
    }
  }
}

TEST_F(OpenSqliteTest, refuses_to_make_what_is_there) {
  write("mine");
  EXPECT_EQ(open(SqliteOpen::kCreate), "the store's file is there already");
  std::string text;
  std::ifstream(path_) >> text;
  EXPECT_EQ(text, "mine");
}

TEST_F(OpenSqliteTest, refuses_a_file_that_is_not_there) {
  for (const SqliteOpen mode : {SqliteOpen::kCommand, SqliteOpen::kServe})
    EXPECT_EQ(open(mode),
              "there is no store: put a backup there, or begin anew with `sallyport init --dir` and a new folder");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(OpenSqliteTest, refuses_what_is_no_store) {
  write("this is no database, however long it may be, and it stays none for at least a hundred and more bytes in all");
  EXPECT_EQ(open(SqliteOpen::kCommand), "the store's file is no SQLite database");
  write("");
  EXPECT_EQ(open(SqliteOpen::kServe), "the file is not a Sallyport store");
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(open(SqliteOpen::kCommand), "the store is not a file");
}

TEST_F(OpenSqliteTest, refuses_a_database_of_somebody_else) {
  {
    Connection other = Connection::open(path_, OpenFile::kNew).value();
    ASSERT_TRUE(other.execute("CREATE TABLE bookmarks (url TEXT)"));
  }
  EXPECT_EQ(open(SqliteOpen::kServe), "the file is not a Sallyport store");
}

TEST_F(OpenSqliteTest, says_that_a_damaged_file_is_damaged) {
  make();
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(8 * 4096, '\xee');
  }
  const auto store = open_sqlite(path_, SqliteOpen::kCommand);
  const Error error = store ? (*store)->installation().error() : store.error();
  EXPECT_EQ(error.code, Code::kInternal);
  EXPECT_STREQ(error.what, "the store's file is damaged");
}

TEST_F(OpenSqliteTest, one_gateway_serves_and_commands_work_beside_it) {
  make();
  const auto serving = open_sqlite(path_, SqliteOpen::kServe);
  ASSERT_TRUE(serving);
  EXPECT_EQ(open(SqliteOpen::kServe), "another gateway serves this store");
  EXPECT_EQ(open(SqliteOpen::kCommand), "opened");
}

TEST_F(OpenSqliteTest, the_next_gateway_serves_when_the_first_is_gone) {
  make();
  open_sqlite(path_, SqliteOpen::kServe).value().reset();
  EXPECT_EQ(open(SqliteOpen::kServe), "opened");
}

TEST_F(OpenSqliteTest, refuses_the_file_of_another_user_even_to_root) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  make();
  ASSERT_EQ(::chown(path_.c_str(), 12345, 12345), 0);
  const auto store = open_sqlite(path_, SqliteOpen::kCommand);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::kDenied);
  EXPECT_EQ(describe_open_error(path_, store.error()),
            path_ + ": the store belongs to another user (owner uid 12345, this process runs as uid 0)");
}

TEST_F(OpenSqliteTest, refuses_a_store_of_a_newer_version) {
  make();
  tamper(path_, "UPDATE schema_version SET version = 1000");
  EXPECT_EQ(open(SqliteOpen::kCommand), "store is of a newer version");
  EXPECT_EQ(open(SqliteOpen::kServe), "store is of a newer version");
  const auto store = open_sqlite(path_, SqliteOpen::kServe);
  ASSERT_FALSE(store);
  EXPECT_EQ(describe_open_error(path_, store.error()),
            path_ + ": store is of a newer version (it is of version 1000, this program knows those up to " +
                std::to_string(storage_schema().size()) + ")");
}

// The steps of a future program, played on a file of version 1.
class MigrationTest : public OpenSqliteTest {
 protected:
  // A store as the first version made it.
  void make_first() { ASSERT_TRUE(open_sqlite(path_, SqliteOpen::kCreate, storage_schema().first(1))); }
  const uint32_t next_ = static_cast<uint32_t>(storage_schema().size()) + 1;
  const std::string name_ = std::string(next_ < 10 ? "00" : "0") + std::to_string(next_) + "_next.sql";
  const std::string reached_ = "version " + std::to_string(next_);

  // This program's steps, and one more.
  std::vector<EmbeddedFile> with(std::string_view more) const {
    std::vector<EmbeddedFile> out(storage_schema().begin(), storage_schema().end());
    out.push_back({name_, more});
    return out;
  }
  std::string migrate_to(const std::vector<EmbeddedFile>& steps) {
    Connection connection = Connection::open(path_, OpenFile::kExisting).value();
    const auto done = migrate(connection, steps);
    if (!done) return done.error().what;
    return "version " + std::to_string(schema_version(connection).value());
  }
};

TEST_F(MigrationTest, goes_on_from_the_version_that_is_there) {
  make_first();
  const RecordId id =
      open_sqlite(path_, SqliteOpen::kCommand, storage_schema().first(1)).value()->installation().value().id;
  const auto steps = with("ALTER TABLE sessions ADD COLUMN note TEXT NOT NULL DEFAULT 'kept'");
  EXPECT_EQ(migrate_to(steps), reached_);
  EXPECT_EQ(migrate_to(steps), reached_) << "a second time nothing happens";
  Connection connection = Connection::open(path_, OpenFile::kExisting).value();
  Query read = connection.query("SELECT id FROM installation").value();
  ASSERT_TRUE(read.row().value());
  EXPECT_EQ(read.id(0), id);
}

TEST_F(MigrationTest, commands_refuse_an_older_store_and_leave_it_alone_and_serving_brings_it_up) {
  make_first();
  const auto steps = with("CREATE TABLE more (x INTEGER)");
  const auto refused = open_sqlite(path_, SqliteOpen::kCommand, steps);
  ASSERT_FALSE(refused);
  EXPECT_STREQ(refused.error().what, "store is of an older version, start serve first");
  EXPECT_TRUE(open_sqlite(path_, SqliteOpen::kCommand, storage_schema().first(1))) << "by a program of its version";
  EXPECT_EQ(open_sqlite(path_, SqliteOpen::kServe, steps).value()->installation().value().schema_version, next_);
  EXPECT_TRUE(open_sqlite(path_, SqliteOpen::kCommand, steps));
}

TEST_F(MigrationTest, a_store_that_is_served_is_not_migrated_by_another) {
  make_first();
  const auto serving = open_sqlite(path_, SqliteOpen::kServe, storage_schema().first(1)).value();
  const auto steps = with("CREATE TABLE more (x INTEGER)");
  EXPECT_STREQ(open_sqlite(path_, SqliteOpen::kServe, steps).error().what, "another gateway serves this store");
}

TEST_F(MigrationTest, an_older_program_refuses_what_a_newer_one_left) {
  make();
  ASSERT_EQ(migrate_to(with("CREATE TABLE more (x INTEGER)")), reached_);
  EXPECT_EQ(open(SqliteOpen::kServe), "store is of a newer version");
}

TEST_F(MigrationTest, a_step_that_fails_leaves_the_version_before_it_whole) {
  make();
  EXPECT_NE(migrate_to(with("CREATE TABLE half (x INTEGER); CREATE TABLE half (x INTEGER)")), reached_);
  EXPECT_EQ(open(SqliteOpen::kServe), "opened");
  Connection connection = Connection::open(path_, OpenFile::kExisting).value();
  EXPECT_FALSE(connection.query("SELECT x FROM half"));
}

// What a program of the second version left, its people and sessions, is there after the migration as it was.
TEST_F(MigrationTest, a_store_of_version_2_keeps_everything_and_can_note_uses_of_factors) {
  TestClock clock;
  const auto second = storage_schema().first(2);
  ASSERT_TRUE(open_sqlite(path_, SqliteOpen::kCreate, second));
  const UserId alice = RecordId::random();
  SessionRecord session;
  session.id = session.family = RecordId::random();
  session.id_hash = sha256(as_bytes("cookie"));
  session.user = alice;
  session.host = "gate.localhost";
  session.last_seen_at = clock.now;
  session.absolute_end = clock.now + std::chrono::hours(1);
  session.idle = std::chrono::hours(1);
  uint64_t generation = 0;
  {
    const auto store = open_sqlite(path_, SqliteOpen::kServe, second).value();
    const auto keyring = Keyring::open(*store, masters(), as_bytes(kSalt), clock.wall()).value();
    ResourceService service(*store, *keyring, clock, [](const auto&, const auto&, const auto&, const auto*) {
      return std::expected<SecretBytes, std::string>(secret("hash"));
    });
    std::vector<nlohmann::json> documents{user("root", true)};
    ASSERT_TRUE(service.apply(documents, ApplyMode::kCommit, Prune::kNo, "cli:0", ""));
    ASSERT_TRUE(store->commit({.changes = {PutSession{session}}, .expected = {}}, {}));
    generation = count(store->generation().value());
  }
  EXPECT_EQ(open(SqliteOpen::kCommand), "store is of an older version, start serve first");
  const auto now = open_sqlite(path_, SqliteOpen::kServe).value();
  EXPECT_EQ(now->installation().value().schema_version, newest_version(storage_schema()));
  EXPECT_EQ(count(now->generation().value()), generation);
  const auto keyring = Keyring::open(*now, masters(), as_bytes(kSalt), clock.wall()).value();
  const auto records = judged(now->resources_since(Generation{0}).value().changed, *keyring);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_FALSE(records[0].damaged);
  ASSERT_EQ(now->sessions(clock.now).value().size(), 1u);
  EXPECT_EQ(now->sessions(clock.now).value()[0].id_hash, session.id_hash);
  EXPECT_TRUE(now->factor_uses(alice).value().empty());
  const FactorUse use{RecordId::random(), alice, 7, clock.now};
  ASSERT_TRUE(now->commit({.changes = {UseFactor{use}}, .expected = {}}, {}));
  EXPECT_EQ(now->factor_uses(alice).value().at(0).counter, 7u);
}

TEST_F(MigrationTest, tokens_of_the_first_version_live_on) {
  {
    Connection connection = Connection::open(path_, OpenFile::kNew).value();
    ASSERT_TRUE(migrate(connection, std::vector(storage_schema().begin(), storage_schema().begin() + 1)));
    ASSERT_TRUE(connection.execute(
        "INSERT INTO tokens (id, hash, user, name, created_at, expires_at, strength, scope, version) VALUES"
        " (randomblob(16), randomblob(32), randomblob(16), 'ci', 1, 2, 1, "
        "'{\"team\":\"\",\"resource\":\"\",\"read_only\":false,"
        "\"path_prefix\":\"\",\"networks\":[],\"api\":false,\"admin\":false}', 1)"));
  }
  const auto tokens = open_sqlite(path_, SqliteOpen::kServe).value()->tokens().value();
  ASSERT_EQ(tokens.size(), 1u);
  EXPECT_EQ(tokens[0].name, "ci");
  EXPECT_EQ(tokens[0].last_used_from, "");
}

TEST_F(MigrationTest, numbers_count_up_from_one) {
  const EmbeddedFile first{"001_first.sql", ""}, second{"002_second.sql", ""}, third{"003_third.sql", ""};
  EXPECT_EQ(newest_version(std::vector{first, second, third}), 3u);
  EXPECT_EQ(newest_version(std::vector{first, third}), 0u);
  EXPECT_EQ(newest_version(std::vector{second}), 0u);
  EXPECT_EQ(newest_version(std::vector{first, EmbeddedFile{"2_second.sql", ""}}), 0u);
}

}  // namespace
}  // namespace sallyport::storage
