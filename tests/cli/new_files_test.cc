// Files that must be new: all of them or none.
#include "cli/new_files.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "folder.h"

namespace sallyport::cli {
namespace {

namespace fs = std::filesystem;

TEST(new_files, are_kept_with_their_modes) {
  const Folder folder;
  {
    NewFiles files;
    ASSERT_TRUE(files.make_folder(folder.path() / "a/b"));
    ASSERT_TRUE(files.write(folder.path() / "a/b/open", as_bytes("x"), 0644));
    ASSERT_TRUE(files.write(folder.path() / "a/b/closed", as_bytes("y"), 0600));
    files.keep();
  }
  struct stat facts{};
  ASSERT_EQ(::stat((folder / "a/b/closed").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((folder / "a/b/open").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0644u);
  EXPECT_EQ(Folder::read(folder / "a/b/open"), "x");
}

TEST(new_files, go_again_with_their_folders_unless_kept) {
  const Folder folder;
  fs::create_directory(folder.path() / "mine");
  {
    NewFiles files;
    ASSERT_TRUE(files.make_folder(folder.path() / "mine/new"));
    ASSERT_TRUE(files.write(folder.path() / "mine/new/x", as_bytes("x"), 0600));
    files.expect(folder.path() / "mine/later");
    folder.write("mine/later", "made by something else");
  }
  EXPECT_TRUE(fs::is_empty(folder.path() / "mine"));
}

TEST(new_files, what_was_there_stays) {
  const Folder folder;
  folder.write("x", "mine");
  fs::create_symlink(folder.path() / "nowhere", folder.path() / "link");
  {
    NewFiles files;
    EXPECT_FALSE(files.write(folder.path() / "x", as_bytes("other"), 0600));
    EXPECT_FALSE(files.write(folder.path() / "link", as_bytes("other"), 0600));
    EXPECT_FALSE(files.make_folder(folder.path() / "x/y"));
  }
  EXPECT_EQ(Folder::read(folder / "x"), "mine");
  EXPECT_FALSE(fs::exists(folder.path() / "nowhere"));
  EXPECT_TRUE(fs::is_symlink(folder.path() / "link"));
}

}  // namespace
}  // namespace sallyport::cli
