// The operational log: one JSON object per line on stderr, {"time", "level", "event", fields...}. A fixed verb and
// typed fields; bodies, cookies, tokens and header values never reach it. Never blocks a loop: lines go to a bounded
// queue with a writer thread, and when a reader is too slow the lines dropped are counted and said. Not the audit log.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace sallyport {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

struct LogField {
  using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool>;
  std::string_view key;
  Value value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  template <std::signed_integral T>
  LogField(std::string_view k, T v) : key(k), value(static_cast<int64_t>(v)) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  LogField(std::string_view k, T v) : key(k), value(static_cast<uint64_t>(v)) {}
};
using LogFields = std::initializer_list<LogField>;
struct LogJson {
  std::string_view key;
  std::string_view json;
};
using LogJsons = std::initializer_list<LogJson>;

class Log {
 public:
  explicit Log(LogLevel level, int fd = 2);
  ~Log();  // writes what is queued
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void debug(std::string_view event, LogFields fields = {}) { write(LogLevel::kDebug, event, fields); }
  void info(std::string_view event, LogFields fields = {}) { write(LogLevel::kInfo, event, fields); }
  void warning(std::string_view event, LogFields fields = {}) { write(LogLevel::kWarning, event, fields); }
  void error(std::string_view event, LogFields fields = {}) { write(LogLevel::kError, event, fields); }
  // Each `json` must be a JSON value; it becomes the field `key`.
  void info_json(std::string_view event, LogJsons fields) { write_json(LogLevel::kInfo, event, fields); }
  void error_json(std::string_view event, LogJsons fields) { write_json(LogLevel::kError, event, fields); }
  void info_json(std::string_view event, std::string_view key, std::string_view json) {
    info_json(event, {{key, json}});
  }
  void set_level(LogLevel level);

 private:
  void write(LogLevel level, std::string_view event, LogFields fields);
  void write_json(LogLevel level, std::string_view event, LogJsons fields);
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport
