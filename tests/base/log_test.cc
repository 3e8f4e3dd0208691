// The operational log: what its lines look like, whatever is put into them, and what happens when nobody reads.
#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/fd.h"
#include "base/json_text.h"
#include "base/secret.h"

namespace sallyport {
namespace {

// A secret cannot be logged: no LogField can be made of one, nor of bytes.
static_assert(!std::constructible_from<LogField, std::string_view, SecretBytes>);
static_assert(!std::constructible_from<LogField, std::string_view, const SecretBytes&>);
static_assert(!std::constructible_from<LogField, std::string_view, SecretBytes&>);
static_assert(!std::constructible_from<LogField, std::string_view, ByteView>);
static_assert(!std::constructible_from<LogField, std::string_view, Bytes>);
static_assert(std::constructible_from<LogField, std::string_view, std::string>);
static_assert(!std::is_convertible_v<SecretBytes, std::string_view>);

struct Pipe {
  Pipe() {
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
  // Everything, once the writing end is closed.
  std::vector<std::string> lines() {
    write.reset();
    std::string text;
    std::array<char, 65536> piece;
    for (ssize_t got; (got = ::read(read.get(), piece.data(), piece.size())) > 0;)
      text.append(piece.data(), static_cast<size_t>(got));
    std::vector<std::string> out;
    for (size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos; begin = end + 1)
      out.push_back(text.substr(begin, end - begin));
    return out;
  }
  Fd read;
  Fd write;
};

std::vector<nlohmann::json> written(LogLevel level, const std::function<void(Log&)>& use) {
  Pipe pipe;
  {
    Log log(level, pipe.write.get());
    use(log);
  }
  std::vector<nlohmann::json> out;
  for (const std::string& line : pipe.lines()) out.push_back(nlohmann::json::parse(line));
  return out;
}

TEST(log, writes_one_json_object_per_line_with_typed_fields) {
  const auto lines = written(LogLevel::kDebug, [](Log& log) {
    log.debug("first");
    log.info(
        "second",
        {{"text", "x"}, {"whole", -3}, {"natural", uint64_t{18446744073709551615u}}, {"number", 0.5}, {"flag", true}});
    log.warning("third", {{"status", uint16_t{404}}, {"name", std::string("n")}});
    log.error("fourth", {{"nan", std::nan("")}, {"infinite", HUGE_VAL}});
  });
  ASSERT_EQ(lines.size(), 4u);
  const std::array<const char*, 4> levels = {"debug", "info", "warning", "error"};
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(lines[i]["level"], levels[i]);
  EXPECT_EQ(lines[0]["event"], "first");
  EXPECT_EQ(lines[1]["text"], "x");
  EXPECT_EQ(lines[1]["whole"], -3);
  EXPECT_EQ(lines[1]["natural"], 18446744073709551615u);
  EXPECT_EQ(lines[1]["number"], 0.5);
  EXPECT_EQ(lines[1]["flag"], true);
  EXPECT_EQ(lines[2]["status"], 404);
  EXPECT_TRUE(lines[3]["nan"].is_null());
  EXPECT_TRUE(lines[3]["infinite"].is_null());
  const auto time = lines[0]["time"].get<std::string>();
  std::string shape = time;
  for (char& c : shape)
    if (c >= '0' && c <= '9') c = '0';
  EXPECT_EQ(shape, "0000-00-00T00:00:00.000000Z") << time;
}

TEST(log, leaves_out_what_is_below_its_level_and_the_level_can_change) {
  const auto lines = written(LogLevel::kWarning, [](Log& log) {
    log.info("hidden");
    log.info_json("hidden", "list", "[1]");
    log.warning("shown");
    log.set_level(LogLevel::kInfo);
    log.info("shown");
    log.debug("hidden");
    log.set_level(LogLevel::kError);
    log.warning("hidden");
  });
  EXPECT_EQ(lines.size(), 2u);
  for (const auto& line : lines) EXPECT_EQ(line["event"], "shown");
}

TEST(log, carries_lists_as_json) {
  const auto lines = written(LogLevel::kInfo, [](Log& log) {
    log.info_json("ready", "listeners", R"([{"kind":"http","address":"127.0.0.1:8443"}])");
  });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["listeners"][0]["kind"], "http");
}

TEST(log, no_text_breaks_its_line_or_the_terminal) {
  using namespace std::string_literals;
  const std::string nasty = "\"}\n{\"event\":\"forged\"}\r\t\\\x1b[2J\x7f\x00\xc2\x9b\xe2\x80\xa8"s;
  const auto lines = written(LogLevel::kInfo, [&](Log& log) { log.info(nasty, {{nasty, nasty}}); });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["event"], nasty);
  EXPECT_EQ(lines[0][nasty], nasty);
}

TEST(log, cuts_a_text_that_is_too_long) {
  const auto lines = written(LogLevel::kInfo, [](Log& log) { log.info("e", {{"text", std::string(100000, 'x')}}); });
  EXPECT_EQ(lines.at(0)["text"].get<std::string>().size(), 4096u);
}

TEST(log, lines_longer_than_a_pipe_takes_at_once_arrive_whole) {
  const std::string list = "\"" + std::string(50000, 'y') + "\"";
  const auto lines = written(LogLevel::kInfo, [&](Log& log) { log.info_json("e", "list", list); });
  EXPECT_EQ(lines.at(0)["list"].get<std::string>().size(), 50000u);
}

TEST(log, many_threads_write_whole_lines) {
  Pipe pipe;
  std::vector<std::string> lines;
  std::thread reader;
  {
    Log log(LogLevel::kInfo, pipe.write.get());
    std::vector<std::thread> writers;
    for (int t = 0; t < 4; ++t)
      writers.emplace_back([&log, t] {
        for (int i = 0; i < 100; ++i) log.info("line", {{"thread", t}, {"number", i}});
      });
    for (std::thread& writer : writers) writer.join();
    reader = std::thread([&] {
      std::string text;
      std::array<char, 4096> piece;
      for (ssize_t got; (got = ::read(pipe.read.get(), piece.data(), piece.size())) > 0;)
        text.append(piece.data(), static_cast<size_t>(got));
      for (size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos; begin = end + 1)
        lines.push_back(text.substr(begin, end - begin));
    });
  }
  pipe.write.reset();
  reader.join();
  ASSERT_EQ(lines.size(), 400u);
  std::array<int, 4> next{};
  for (const std::string& line : lines) {
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json["number"], next.at(json["thread"].get<size_t>())++);
  }
}

TEST(log, a_reader_that_is_too_slow_costs_lines_that_are_counted_and_never_the_writers_time) {
  constexpr uint64_t kLines = 30000;
  Pipe pipe;
  std::vector<std::string> lines;
  {
    Log log(LogLevel::kInfo, pipe.write.get());
    const auto begin = std::chrono::steady_clock::now();
    for (uint64_t i = 0; i < kLines; ++i) log.info("line", {{"number", i}});
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20)) << "nobody reads, and nobody waits";
    std::thread reader([&] {
      std::string text;
      std::array<char, 65536> piece;
      while (text.find("\"last\"") == text.npos || text.back() != '\n') {
        const ssize_t got = ::read(pipe.read.get(), piece.data(), piece.size());
        if (got <= 0) break;
        text.append(piece.data(), static_cast<size_t>(got));
      }
      for (size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1)
        lines.push_back(text.substr(at, end - at));
    });
    log.info("last");
    reader.join();
  }
  uint64_t seen = 0;
  uint64_t dropped = 0;
  for (const std::string& line : lines) {
    const auto json = nlohmann::json::parse(line);
    if (json["event"] == "line") ++seen;
    if (json["event"] == "log_dropped") dropped += json["lines"].get<uint64_t>();
  }
  EXPECT_GT(dropped, 0u);
  EXPECT_EQ(seen + dropped, kLines);
}

TEST(log, closing_does_not_wait_for_ever_for_a_reader_that_does_not_read) {
  Pipe pipe;
  const auto begin = std::chrono::steady_clock::now();
  {
    Log log(LogLevel::kInfo, pipe.write.get());
    for (int i = 0; i < 5000; ++i) log.info("line", {{"number", i}});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST(log, a_reader_that_is_gone_does_not_end_the_process) {
  Pipe pipe;
  pipe.read.reset();
  Log log(LogLevel::kInfo, pipe.write.get());
  for (int i = 0; i < 100; ++i) log.info("line");
}

struct JsonText {
  std::string bytes;
  std::string json;
};

TEST(json_text, is_valid_utf8_whatever_comes_in) {
  const std::vector<JsonText> table = {
      {"", "\"\""},
      {"plain /path?x=1", "\"plain /path?x=1\""},
      {"a\"b\\c", R"("a\"b\\c")"},
      {"\n\r\t\x01\x1b", R"("\n\r\t\u0001\u001b")"},
      {std::string("\0", 1), R"("\u0000")"},
      {"\x7f", R"("\u007f")"},
      {"\xc3\xa9", "\"\xc3\xa9\""},
      {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
      {"\xc2\x85", R"("\u0085")"},
      {"\xe2\x80\xa8\xe2\x80\xa9", R"("\u2028\u2029")"},
      {"\xff", "\"\xef\xbf\xbd\""},
      {"\x80", "\"\xef\xbf\xbd\""},
      {"\xc3", "\"\xef\xbf\xbd\""},
      {"\xc3(", "\"\xef\xbf\xbd(\""},
      {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},                                  // overlong
      {"\xe0\x80\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},                  // overlong
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},                  // surrogate
      {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},  // above U+10FFFF
      {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
  };
  for (const JsonText& row : table) {
    std::string out;
    append_json_string(out, row.bytes);
    EXPECT_EQ(out, row.json);
    EXPECT_TRUE(nlohmann::json::accept(out));
  }
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      std::string out;
      append_json_string(out, std::string{static_cast<char>(a), static_cast<char>(b), 'x'});
      ASSERT_TRUE(nlohmann::json::accept(out)) << a << " " << b;
    }
}

}  // namespace
}  // namespace sallyport
