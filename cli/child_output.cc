#include "cli/child_output.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"

extern char** environ;

namespace sallyport::cli {
namespace {

// Starts the command with `out` as standard output, in a process group of its own and with default signals (a gateway
// blocks and ignores some).
pid_t start(const std::string& command, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string text = command;
  char shell[] = "/bin/sh", minus_c[] = "-c";
  char* const arguments[] = {shell, minus_c, text.data(), nullptr};
  pid_t child = -1;
  if (::posix_spawn(&child, shell, &actions, &attributes, arguments, environ) != 0) child = -1;
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return child;
}

enum class Ending : uint8_t { kEnd, kTooLong, kTimeout, kBroken };

Ending read_all(int from, SecretBytes& into, size_t& filled, std::chrono::steady_clock::time_point until) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return Ending::kTimeout;
    pollfd waiting{from, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(left)) < 0 && errno != EINTR) return Ending::kBroken;
    if (waiting.revents == 0) continue;
    if (filled == into.size()) return Ending::kTooLong;
    const ssize_t got = ::read(from, into.span().data() + filled, into.size() - filled);
    if (got == 0) return Ending::kEnd;
    if (got > 0) filled += static_cast<size_t>(got);
    if (got < 0 && errno != EINTR) return Ending::kBroken;
  }
}

// False when the child has not ended by then.
bool ends_by(pid_t child, std::chrono::steady_clock::time_point until) {
  const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (!handle) return true;  // an old kernel: waitpid() waits
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd waiting{handle.get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready > 0) return true;
    if (ready == 0) return false;
  }
}

}  // namespace

Outcome<SecretBytes> child_output(const std::string& command, size_t bytes_max, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  auto text = SecretBytes::of_size(bytes_max + 1);
  if (!text) return std::unexpected(Failure{text.error().what});
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failure("no pipe for it");
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const pid_t child = start(command, writing.get());
  writing.reset();
  if (child < 0) return failure("it could not be started");
  size_t filled = 0;
  Ending ending = read_all(reading.get(), *text, filled, until);
  if (ending == Ending::kEnd && !ends_by(child, until)) ending = Ending::kTimeout;
  if (ending != Ending::kEnd) ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  text->shrink(filled);
  switch (ending) {
    case Ending::kTimeout:
      return failure("it took too long");
    case Ending::kTooLong:
      return failure("it wrote too much to be a key");
    case Ending::kBroken:
      return failure("its output could not be read");
    case Ending::kEnd:
      break;
  }
  if (!WIFEXITED(status)) return failure("it was ended by a signal");
  if (WEXITSTATUS(status) != 0) return failure("it failed with exit status " + std::to_string(WEXITSTATUS(status)));
  return std::move(*text);
}

}  // namespace sallyport::cli
