// What a command prints: bounded in length and time, and nothing of it survives.
#include "cli/child_output.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <cstdlib>

#include "folder.h"

namespace sallyport::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string why(const Outcome<SecretBytes>& outcome) { return outcome ? "" : outcome.error().message; }

TEST(child_output, is_what_was_printed_to_standard_output_alone) {
  const auto text = child_output("printf abc; printf hidden 2>/dev/null >&2", 16, 10s);
  ASSERT_TRUE(text) << why(text);
  EXPECT_EQ(text->reveal(), "abc");
}

TEST(child_output, of_just_the_allowed_length_is_taken_and_one_byte_more_is_not) {
  EXPECT_TRUE(child_output("printf 1234", 4, 10s));
  EXPECT_THAT(why(child_output("printf 12345", 4, 10s)), HasSubstr("too much"));
}

TEST(child_output, a_command_that_does_not_end_is_ended_with_its_children) {
  const Folder folder;
  // The child of the shell holds the pipe, and another one only the process group.
  const std::string command = "(exec sleep 1000) & echo $! > '" + (folder / "pid") + "'; printf abc; wait";
  EXPECT_THAT(why(child_output(command, 16, 200ms)), HasSubstr("too long"));
  const pid_t child = static_cast<pid_t>(std::strtol(Folder::read(folder / "pid").c_str(), nullptr, 10));
  ASSERT_GT(child, 1);
  const std::string stat = Folder::read("/proc/" + std::to_string(child) + "/stat");
  EXPECT_TRUE(stat.empty() || stat.contains(") Z ")) << stat;
}

TEST(child_output, a_command_that_closes_its_output_and_stays_is_ended_too) {
  EXPECT_THAT(why(child_output("exec >&-; exec sleep 1000", 16, 200ms)), HasSubstr("too long"));
}

TEST(child_output, a_command_does_not_inherit_blocked_signals) {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto text = child_output("kill -TERM $$; printf survived", 16, 10s);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_THAT(why(text), HasSubstr("by a signal"));
}

}  // namespace
}  // namespace sallyport::cli
