// Master keys: 32 bytes from a file, a variable or a command, and a message of its own for each thing that can be
// wrong.
#include "cli/master_key.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <set>

#include "folder.h"

namespace sallyport::cli {
namespace {

using conf::MasterKeyFrom;
using testing::HasSubstr;
const std::string kKey = base64_encode(as_bytes("0123456789abcdef0123456789ABCDEF"));

std::string message(const Outcome<SecretBytes>& outcome) { return outcome ? "" : outcome.error().message; }

TEST(master_key, is_read_with_white_space_behind_it) {
  for (const std::string ending : {"", "\n", "\r\n", " \n\n"}) {
    const auto key = decode_master_key(kKey + ending, "key");
    ASSERT_TRUE(key) << message(key);
    EXPECT_EQ(key->reveal(), "0123456789abcdef0123456789ABCDEF");
  }
}

TEST(master_key, of_another_shape_is_refused_in_different_words) {
  const std::pair<std::string, const char*> table[] = {
      {"", "is empty"},
      {"\n\n", "is empty"},
      {"!!!", "is not base64"},
      {" " + kKey, "is not base64"},
      {kKey + "\n" + kKey, "is not base64"},
      {base64_encode(as_bytes("short")), "has 5 bytes"},
      {base64_encode(as_bytes(std::string(31, 'x'))), "has 31 bytes"},
      {base64_encode(as_bytes(std::string(64, 'x'))), "has 64 bytes"},
      {std::string(5000, 'A'), "too long"},
  };
  for (const auto& [text, words] : table) {
    const std::string got = message(decode_master_key(text, "master key x"));
    EXPECT_THAT(got, HasSubstr(words)) << text;
    EXPECT_THAT(got, HasSubstr("master key x"));
    if (text.size() > 4) EXPECT_THAT(got, Not(HasSubstr(text))) << "the message shows what it read";
  }
}

TEST(master_key, comes_from_a_file_that_only_its_owner_reads) {
  const Folder folder;
  EXPECT_TRUE(read_master_key({MasterKeyFrom::kFile, folder.write("k", kKey + "\n")}));
  using std::filesystem::perms;
  for (const perms more : {perms::group_read, perms::others_read, perms::group_write}) {
    const std::string file = folder.write("open", kKey, Folder::kOwnerOnly | more);
    EXPECT_THAT(message(read_master_key({MasterKeyFrom::kFile, file})), HasSubstr("chmod 600 " + file));
  }
  EXPECT_THAT(message(read_master_key({MasterKeyFrom::kFile, folder / "none"})), HasSubstr("is missing"));
  EXPECT_THAT(message(read_master_key({MasterKeyFrom::kFile, folder.path().string()})), HasSubstr("is not a file"));
  EXPECT_THAT(message(read_master_key({MasterKeyFrom::kFile, folder.write("huge", std::string(100000, 'A'))})),
              HasSubstr("too long"));
}

TEST(master_key, leaves_the_environment_when_it_was_read) {
  ::setenv("CLI_TEST_MASTER", kKey.c_str(), 1);
  const char* const place = ::getenv("CLI_TEST_MASTER");
  const auto key = read_master_key({MasterKeyFrom::kEnvironment, "CLI_TEST_MASTER"});
  ASSERT_TRUE(key) << message(key);
  EXPECT_EQ(::getenv("CLI_TEST_MASTER"), nullptr);
  EXPECT_EQ(std::string_view(place, kKey.size()), std::string(kKey.size(), '\0')) << "overwritten where it lay";
  EXPECT_THAT(message(read_master_key({MasterKeyFrom::kEnvironment, "CLI_TEST_MASTER"})), HasSubstr("not set"));
}

TEST(master_key, a_wrong_one_leaves_the_environment_too) {
  ::setenv("CLI_TEST_MASTER", "c2hvcnQ=", 1);
  EXPECT_THAT(message(read_master_key({MasterKeyFrom::kEnvironment, "CLI_TEST_MASTER"})), HasSubstr("5 bytes"));
  EXPECT_EQ(::getenv("CLI_TEST_MASTER"), nullptr);
}

TEST(master_key, is_what_a_command_prints) {
  const auto key = read_master_key({MasterKeyFrom::kCommand, "printf '%s\\n' " + kKey});
  ASSERT_TRUE(key) << message(key);
  const std::pair<std::string, const char*> table[] = {
      {"exit 3", "exit status 3"},   {"printf '%s' " + kKey + "; exit 1", "exit status 1"},
      {"kill -9 $$", "by a signal"}, {"no-such-command-here 2>/dev/null", "exit status 127"},
      {"true", "is empty"},          {"yes", "too much"},
  };
  for (const auto& [command, words] : table)
    EXPECT_THAT(message(read_master_key({MasterKeyFrom::kCommand, command})), HasSubstr(words)) << command;
}

TEST(master_key, several_are_read_in_order_and_the_first_wrong_one_is_named) {
  const Folder folder;
  const std::string second = base64_encode(as_bytes(std::string(32, 'b')));
  const conf::MasterKeySource good{MasterKeyFrom::kFile, folder.write("a", kKey)};
  const conf::MasterKeySource other{MasterKeyFrom::kFile, folder.write("b", second)};
  const auto keys = read_master_keys({good, other});
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ((*keys)[1].reveal(), std::string(32, 'b'));
  const auto wrong = read_master_keys({good, {MasterKeyFrom::kFile, folder / "none"}});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr(folder / "none"));
}

}  // namespace
}  // namespace sallyport::cli
