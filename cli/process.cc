#include "cli/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

namespace sallyport::cli {
namespace {

void write_text(const char* path, const char* text) {
  const Fd file(::open(path, O_WRONLY | O_CLOEXEC));
  if (file) [[maybe_unused]]
    const auto written = ::write(file.get(), text, 1);
}

}  // namespace

void hide_memory() {
  // First the filter: a process that is not dumpable no longer owns its files in /proc.
  write_text("/proc/self/coredump_filter", "0");
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void settle_process() {
  ::umask(077);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

size_t descriptors_allowed() {
  rlimit files{};
  return ::getrlimit(RLIMIT_NOFILE, &files) == 0 ? static_cast<size_t>(files.rlim_cur) : 0;
}

Fd take_signals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&wanted, each);
  if (::pthread_sigmask(SIG_BLOCK, &wanted, nullptr) != 0) return {};
  return Fd(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
}

}  // namespace sallyport::cli
