// What stream_upstream.cc and stream_crowd.cc say to each other: records of 28 bytes, "#", a number of ten digits, a
// space, and the time they were sent at in microseconds since 1970. Whatever a stream carries them in (chunks,
// messages, frames), a record is found by its first byte.
#pragma once

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

constexpr size_t kRecordBytes = 28;

inline double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

inline std::string record(long number) {
  char text[kRecordBytes + 1];
  snprintf(text, sizeof text, "#%010ld %016lld", number, static_cast<long long>(now() * 1e6));
  return {text, kRecordBytes};
}

// Takes the whole records out of `input`: found(number, sent).
template <class Found>
void take_records(std::string& input, Found found) {
  size_t at = 0;
  for (;;) {
    at = input.find('#', at);
    if (at == input.npos) return input.clear();
    if (input.size() - at < kRecordBytes) break;
    found(atol(input.c_str() + at + 1), static_cast<double>(atoll(input.c_str() + at + 12)) / 1e6);
    at += kRecordBytes;
  }
  input.erase(0, at);
}

inline void take_all_descriptors() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

// Lines on standard input, as the words between their tabs.
class Commands {
 public:
  explicit Commands(int epoll) {
    fcntl(0, F_SETFL, O_NONBLOCK);
    epoll_event event{EPOLLIN, {.ptr = nullptr}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
    setvbuf(stdout, nullptr, _IOLBF, 0);
  }
  // False: there will be no more.
  template <class Obey>
  bool take(Obey obey) {
    char bytes[4096];
    const ssize_t got = read(0, bytes, sizeof bytes);
    if (got == 0) return false;
    if (got > 0) told_.append(bytes, static_cast<size_t>(got));
    for (size_t end; (end = told_.find('\n')) != told_.npos; told_.erase(0, end + 1)) {
      std::vector<std::string> words{""};
      for (const char c : std::string_view(told_).substr(0, end))
        c == '\t' ? words.emplace_back() : words.back() += c, void();
      obey(words);
    }
    return true;
  }

 private:
  std::string told_;
};
