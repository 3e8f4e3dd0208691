#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/json_text.h"

namespace sallyport {
namespace {

constexpr size_t kQueueLinesMax = 4096;
constexpr size_t kTextBytesMax = 4096;  // of one field's value
constexpr size_t kPieceBytes = 4096;    // a pipe that is writable takes so much at once (pipe(7), PIPE_BUF)
constexpr int kPollMilliseconds = 100;
constexpr auto kClosePatience = std::chrono::seconds(2);  // for a reader that does not read, at the end

std::string_view word(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
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
  const int length =
      std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                    parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(micros % 1000000));
  out.append(text, static_cast<size_t>(length));
}

template <class Number>
void append_number(std::string& out, Number number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

void append_value(std::string& out, const LogField::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value))
    return append_json_string(out, text->substr(0, kTextBytesMax));
  if (const auto* flag = std::get_if<bool>(&value)) {
    out.append(*flag ? "true" : "false");
    return;
  }
  if (const auto* whole = std::get_if<int64_t>(&value)) return append_number(out, *whole);
  if (const auto* natural = std::get_if<uint64_t>(&value)) return append_number(out, *natural);
  const double number = std::get<double>(value);
  if (!std::isfinite(number)) {  // JSON has no such numbers
    out.append("null");
    return;
  }
  append_number(out, number);
}

std::string line_head(LogLevel level, std::string_view event) {
  std::string out = "{\"time\":\"";
  append_now(out);
  out.append("\",\"level\":\"").append(word(level)).append("\",\"event\":");
  append_json_string(out, event);
  return out;
}

// Writes finished lines as they are. It alone may wait for a slow reader, and not for ever once the log is being
// closed.
class LineSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit LineSink(int fd) : fd_(fd) {}
  void watch(spdlog::details::thread_pool& pool) { pool_ = &pool; }
  void close() { closed_at_ = std::chrono::steady_clock::now().time_since_epoch().count(); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (const size_t dropped = pool_->overrun_counter(); dropped != said_) {
      std::string line = line_head(LogLevel::kWarning, "log_dropped") + ",\"lines\":";
      append_number(line, dropped - std::exchange(said_, dropped));
      write_all(line + "}\n");
    }
    write_all(std::string(message.payload.data(), message.payload.size()) + "\n");
  }
  void flush_() override {}

  bool patient() const {
    const auto closed = closed_at_.load();
    return closed == 0 || std::chrono::steady_clock::now().time_since_epoch() <
                              std::chrono::steady_clock::duration(closed) + kClosePatience;
  }
  void write_all(std::string_view text) {
    while (!text.empty() && !broken_) {
      pollfd ready{fd_, POLLOUT, 0};
      if (::poll(&ready, 1, kPollMilliseconds) == 0) {
        broken_ = !patient();
        continue;
      }
      const ssize_t put = ::write(fd_, text.data(), std::min(text.size(), kPieceBytes));
      if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (put <= 0) {
        // A reader that is gone stays gone; a full disk may have room again for the next line.
        broken_ = errno == EPIPE || errno == EBADF;
        return;
      }
      text.remove_prefix(static_cast<size_t>(put));
    }
  }

  const int fd_;
  spdlog::details::thread_pool* pool_ = nullptr;
  size_t said_ = 0;
  bool broken_ = false;
  std::atomic<std::chrono::steady_clock::rep> closed_at_{0};
};

void prepare_thread() {
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  pthread_setname_np(pthread_self(), "log");
}

}  // namespace

// Line and line break are made by the caller; spdlog gives the bounded queue, which drops its oldest line when it is
// full, and the thread.
struct Log::Inside {
  Inside(LogLevel least, int fd)
      : level(least),
        sink(std::make_shared<LineSink>(fd)),
        pool(std::make_shared<spdlog::details::thread_pool>(kQueueLinesMax, 1, prepare_thread)),
        logger(std::make_shared<spdlog::async_logger>("", sink, pool, spdlog::async_overflow_policy::overrun_oldest)) {
    sink->watch(*pool);
  }
  ~Inside() {
    sink->close();
    pool.reset();  // writes what is queued, then joins
  }
  void push(std::string_view line) {
    logger->log(spdlog::level::critical, spdlog::string_view_t(line.data(), line.size()));
  }

  std::atomic<LogLevel> level;
  std::shared_ptr<LineSink> sink;  // shared because spdlog's types are
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
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
  inside_->push(line);
}

void Log::write_json(LogLevel level, std::string_view event, LogJsons fields) {
  if (level < inside_->level) return;
  std::string line = line_head(level, event);
  for (const LogJson& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line.append(":").append(field.json);
  }
  line += '}';
  inside_->push(line);
}

}  // namespace sallyport
