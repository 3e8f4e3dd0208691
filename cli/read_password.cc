#include "cli/read_password.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <istream>

#include "base/fd.h"

namespace sallyport::cli {
namespace {

constexpr size_t kLineBytesMax = 4096;

// Holds back the signals that would end or stop this process, so that the terminal can be put right first; they take
// their effect when this is destroyed.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t held;
    sigemptyset(&held);
    for (const int each : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) sigaddset(&held, each);
    ::pthread_sigmask(SIG_BLOCK, &held, &before_);
    pending_ = Fd(::signalfd(-1, &held, SFD_CLOEXEC));
  }
  ~HeldSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  int fd() const { return pending_.get(); }  // readable once one is there

 private:
  sigset_t before_{};
  Fd pending_;
};

// The terminal itself, whatever stands in for standard input and output; shows what is typed again at the end.
class SilentTerminal {
 public:
  explicit SilentTerminal(int fd) : fd_(fd) {
    known_ = ::tcgetattr(fd_, &before_) == 0;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    silent.c_lflag |= ECHONL;
    if (known_) ::tcsetattr(fd_, TCSAFLUSH, &silent);
  }
  ~SilentTerminal() {
    if (known_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  bool known() const { return known_; }

 private:
  int fd_;
  bool known_ = false;
  termios before_{};
};

// False when a signal came first.
bool wait_for_input(int terminal, const HeldSignals& signals) {
  pollfd waiting[] = {{terminal, POLLIN, 0}, {signals.fd(), POLLIN, 0}};
  while (::poll(waiting, 2, -1) < 0 && errno == EINTR) {
  }
  return waiting[1].revents == 0;
}

Outcome<SecretBytes> ask_once(int terminal, const HeldSignals& signals, const std::string& prompt) {
  if (::write(terminal, prompt.data(), prompt.size()) < 0) return failure("cannot write to the terminal");
  auto line = SecretBytes::of_size(kLineBytesMax);
  if (!line) return std::unexpected(Failure{line.error().what});
  size_t filled = 0;
  while (filled < line->size()) {
    if (!wait_for_input(terminal, signals)) return failure("interrupted; nothing was changed");
    char c = 0;
    const ssize_t got = ::read(terminal, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure("cannot read from the terminal");
    if (got == 0 || c == '\n') break;
    line->span()[filled++] = static_cast<std::byte>(c);
  }
  line->shrink(filled);
  return std::move(*line);
}

}  // namespace

Outcome<SecretBytes> read_password_line(std::istream& in) {
  auto line = SecretBytes::of_size(kLineBytesMax);
  if (!line) return std::unexpected(Failure{line.error().what});
  size_t filled = 0;
  for (char c = 0; in.get(c) && c != '\n';) {
    if (filled == line->size()) return failure("the password on standard input is too long");
    line->span()[filled++] = static_cast<std::byte>(c);
  }
  if (filled > 0 && line->reveal()[filled - 1] == '\r') --filled;
  if (filled == 0) return failure("there is no password on standard input");
  line->shrink(filled);
  return std::move(*line);
}

Outcome<SecretBytes> ask_password(const std::string& prompt) {
  const Fd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal) return failure("there is no terminal to ask for the password; give it with --password-stdin");
  const HeldSignals signals;
  const SilentTerminal silent(terminal.get());
  if (!silent.known())
    return failure("the terminal cannot hide what is typed; give the password with --password-stdin");
  auto first = ask_once(terminal.get(), signals, prompt);
  if (!first) return first;
  const auto second = ask_once(terminal.get(), signals, "The same again: ");
  if (!second) return std::unexpected(second.error());
  if (!constant_time_equal(first->view(), second->view()))
    return failure("the two passwords differ; nothing was changed");
  if (first->empty()) return failure("no password was typed; nothing was changed");
  return first;
}

}  // namespace sallyport::cli
