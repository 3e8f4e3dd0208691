// The lines of the control socket: what is in the table of CONTROL_PROTOCOL.md is understood, everything else is
// refused.
#include "cli/control_protocol.h"

#include <gtest/gtest.h>

namespace sallyport::cli {
namespace {

std::string without_line_feed(std::string line) {
  EXPECT_TRUE(line.ends_with('\n'));
  line.pop_back();
  EXPECT_EQ(line.find('\n'), line.npos);
  return line;
}

TEST(control_protocol, requests_travel_unchanged) {
  for (const ControlRequest& request :
       {ControlRequest{ControlRequest::Op::kStatus, 0}, ControlRequest{ControlRequest::Op::kFollow, 0},
        ControlRequest{ControlRequest::Op::kFollow, UINT64_MAX}, ControlRequest{ControlRequest::Op::kReload, 0}}) {
    const auto read = parse_control_request(without_line_feed(to_line(request)));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->op, request.op);
    EXPECT_EQ(read->generation, request.generation);
  }
}

TEST(control_protocol, refuses_what_is_not_in_the_table) {
  const std::string deep = std::string(500, '[') + std::string(500, ']');
  const std::pair<std::string, Code> table[] = {
      {"", Code::kMalformed},
      {"null", Code::kMalformed},
      {"[]", Code::kMalformed},
      {"{}", Code::kMalformed},
      {"{", Code::kMalformed},
      {"GET / HTTP/1.1", Code::kMalformed},
      {R"({"op":"status"} )"
       "{}",
       Code::kMalformed},
      {R"({"op":"status","generation":1})", Code::kMalformed},
      {R"({"op":"status","op":"follow"})", Code::kMalformed},
      {R"({"op":1})", Code::kMalformed},
      {R"({"op":["status"]})", Code::kMalformed},
      {R"({"op":"follow"})", Code::kMalformed},
      {R"({"op":"follow","generation":-1})", Code::kMalformed},
      {R"({"op":"follow","generation":1.0})", Code::kMalformed},
      {R"({"op":"follow","generation":"1"})", Code::kMalformed},
      {R"({"op":"follow","generation":18446744073709551616})", Code::kMalformed},
      {R"({"op":"follow","generation":1,"generation":2})", Code::kMalformed},
      {R"({"op":"follow","generation":1,"more":2})", Code::kMalformed},
      {"{\"op\":\"status\xff\"}", Code::kMalformed},
      {R"({"op":"reload","generation":1})", Code::kMalformed},
      {R"({"op":"stop"})", Code::kNotFound},
      {R"({"op":""})", Code::kNotFound},
      {R"({"op":"Status"})", Code::kNotFound},
      {deep, Code::kMalformed},
      {R"({"op":"status"})" + std::string(kControlLineBytesMax, ' '), Code::kLimit},
  };
  for (const auto& [line, code] : table) {
    const auto read = parse_control_request(line);
    ASSERT_FALSE(read) << line;
    EXPECT_EQ(read.error().code, code) << line;
  }
}

TEST(control_protocol, the_answer_to_follow_is_the_generation_or_an_error) {
  EXPECT_EQ(parse_follow_answer(without_line_feed(control_in_force(17))), 17u);
  const Error error{Code::kUnavailable, Side::kStorage, "the disk is full"};
  const std::string refusal = without_line_feed(control_refusal(error));
  EXPECT_NE(refusal.find("the disk is full"), refusal.npos);
  EXPECT_FALSE(parse_follow_answer(refusal));
  for (const char* const line :
       {"", "{}", "[]", R"({"ok":1,"generation":1})", R"({"ok":true})", R"({"ok":true,"generation":"1"})",
        R"({"ok":true,"ok":false,"generation":1})", R"({"ok":true,"generation":-1})"})
    EXPECT_FALSE(parse_follow_answer(line)) << line;
}

TEST(control_protocol, the_answer_to_reload_says_what_needs_a_restart) {
  const auto read = parse_reload_answer(without_line_feed(control_reloaded(RestartNeeded{{"salt", "workers"}})));
  ASSERT_TRUE(read);
  ASSERT_TRUE(*read);
  EXPECT_EQ((*read)->keys, (std::vector<std::string>{"salt", "workers"}));
}

TEST(control_protocol, the_answer_to_reload_has_every_mistake) {
  const std::vector<std::string> mistakes{"a.yaml:3: salt: must be \"base64\"", "a.yaml:9: \xff"};
  const auto read = parse_reload_answer(without_line_feed(control_reloaded(std::unexpected(mistakes))));
  ASSERT_TRUE(read);
  ASSERT_FALSE(*read);
  EXPECT_EQ(read->error(), (std::vector<std::string>{mistakes[0], "a.yaml:9: \xEF\xBF\xBD"}));
}

TEST(control_protocol, more_mistakes_than_an_answer_holds_are_counted) {
  const std::vector<std::string> mistakes(1000, std::string(200, '"'));
  const std::string line = control_reloaded(std::unexpected(mistakes));
  EXPECT_LE(line.size(), kControlAnswerBytesMax);
  const auto read = parse_reload_answer(without_line_feed(line));
  ASSERT_TRUE(read);
  ASSERT_FALSE(*read);
  EXPECT_EQ(read->error().back(), "... and " + std::to_string(1001 - read->error().size()) + " more");
}

TEST(control_protocol, what_is_no_answer_to_reload_is_an_error) {
  for (const char* const line :
       {"", "{}", "[]", R"({"ok":true})", R"({"ok":true,"restart_needed":"salt"})",
        R"({"ok":true,"restart_needed":[1]})",
        R"({"ok":false,"error":"unavailable","message":"the gateway is ending"})", R"({"ok":false,"mistakes":[{}]})"})
    EXPECT_FALSE(parse_reload_answer(line)) << line;
}

TEST(control_protocol, a_status_is_one_line) {
  const std::string line = without_line_feed(
      control_status({.generation = 3, .sessions = 4, .tokens = 5, .resources = 6, .audit_entries = 7, .process = 8}));
  EXPECT_EQ(line, R"({"audit_entries":7,"generation":3,"ok":true,"process":8,"resources":6,"sessions":4,"tokens":5})");
}

}  // namespace
}  // namespace sallyport::cli
