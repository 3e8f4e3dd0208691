#include "base/log.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <thread>

#include "base/json_text.h"

namespace sallyport {
namespace {

constexpr size_t kQueueBytesMax = size_t{4} << 20;

std::string_view word(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warning";
    case LogLevel::kError: return "error";
  }
  return "error";
}

// RFC 3339, UTC, microseconds.
void append_now(std::string& out) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  const auto seconds = static_cast<time_t>(micros / 1000000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const int length = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900,
                                   parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                                   static_cast<int>(micros % 1000000));
  out.append(text, static_cast<size_t>(length));
}

template <class Number>
void append_number(std::string& out, Number number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

void append_value(std::string& out, const LogField::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return append_json_string(out, *text);
  if (const auto* flag = std::get_if<bool>(&value)) {
    out.append(*flag ? "true" : "false");
    return;
  }
  if (const auto* whole = std::get_if<int64_t>(&value)) return append_number(out, *whole);
  if (const auto* natural = std::get_if<uint64_t>(&value)) return append_number(out, *natural);
  append_number(out, std::get<double>(value));
}

std::string line_head(LogLevel level, std::string_view event) {
  std::string out = "{\"time\":\"";
  append_now(out);
  out.append("\",\"level\":\"").append(word(level)).append("\",\"event\":");
  append_json_string(out, event);
  return out;
}

}  // namespace

// Lines wait in one growing text, bounded by kQueueBytesMax, for the writer's thread.
struct Log::Inside {
  Inside(LogLevel least, int to) : level(least), fd(to), writer([this] { work(); }) {
    pthread_setname_np(writer.native_handle(), "log");
  }
  ~Inside() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    ready.notify_one();
    writer.join();
  }

  void push(std::string line) {
    line += '\n';
    {
      const std::lock_guard lock(mutex);
      if (queue.size() + line.size() > kQueueBytesMax) {
        ++dropped;
        return;
      }
      queue += line;
    }
    ready.notify_one();
  }

  void work() {
    for (;;) {
      std::string taken;
      {
        std::unique_lock lock(mutex);
        ready.wait(lock, [this] { return stop || !queue.empty(); });
        if (queue.empty()) return;
        taken.swap(queue);
        if (dropped > 0) {
          taken += line_head(LogLevel::kWarning, "log_dropped") + ",\"lines\":" + std::to_string(dropped) + "}\n";
          dropped = 0;
        }
      }
      write_all(taken);
    }
  }

  void write_all(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t put = ::write(fd, text.data(), text.size());
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return;  // nobody reads any more: the log must not stop the gateway
      text.remove_prefix(static_cast<size_t>(put));
    }
  }

  std::atomic<LogLevel> level;
  const int fd;
  std::mutex mutex;
  std::condition_variable ready;
  std::string queue;
  uint64_t dropped = 0;
  bool stop = false;
  std::thread writer;  // last: it uses the others
};

Log::Log(LogLevel level, int fd) : inside_(std::make_unique<Inside>(level, fd)) {}
Log::~Log() = default;

void Log::set_level(LogLevel level) { inside_->level = level; }

void Log::write(LogLevel level, std::string_view event, LogFields fields) {
  if (level < inside_->level) return;
  std::string line = line_head(level, event);
  for (const LogField& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    append_value(line, field.value);
  }
  line += '}';
  inside_->push(std::move(line));
}

void Log::info_json(std::string_view event, std::string_view key, std::string_view json) {
  if (LogLevel::kInfo < inside_->level) return;
  std::string line = line_head(LogLevel::kInfo, event);
  line += ',';
  append_json_string(line, key);
  line.append(":").append(json).append("}");
  inside_->push(std::move(line));
}

}  // namespace sallyport
