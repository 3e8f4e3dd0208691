// What commands and a running gateway say to each other through control.sock: one JSON object per line, a request and
// its answer in turn (CONTROL_PROTOCOL.md). Pure readers and writers; both sides use them.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::cli {

constexpr size_t kControlLineBytesMax = 1024;         // of a request, without the line feed
constexpr size_t kControlAnswerBytesMax = 64 * 1024;  // likewise

struct ControlRequest {
  enum class Op : uint8_t {
    kFollow,  // bring what was committed up to `generation` into force, then answer
    kStatus,
    kReload,  // read the configuration again
  };
  Op op = Op::kStatus;
  uint64_t generation = 0;
};

struct ControlStatus {
  uint64_t generation = 0;  // in force
  uint64_t sessions = 0;
  uint64_t tokens = 0;
  uint64_t resources = 0;
  uint64_t audit_entries = 0;
  int64_t process = 0;  // its id
};

// What came of reading the configuration again: in force but for these keys, or nothing changed for these mistakes,
// each a line.
struct RestartNeeded {
  std::vector<std::string> keys;
};
using ReloadOutcome = std::expected<RestartNeeded, std::vector<std::string>>;

// errors: kMalformed not one JSON object, an unknown or double key, a wrong type; kNotFound an unknown operation;
// kLimit the line is too long.
Result<ControlRequest> parse_control_request(std::string_view line);
std::string to_line(const ControlRequest& request);  // with the line feed, as the answers below

std::string control_in_force(uint64_t generation);
std::string control_status(const ControlStatus& status);
std::string control_reloaded(const ReloadOutcome& outcome);  // mistakes beyond what an answer holds are counted
std::string control_refusal(const Error& error);

// The answer to `follow`: the generation in force.   errors: kMalformed no such answer, kUnavailable the gateway
// refused.
Result<uint64_t> parse_follow_answer(std::string_view line);
// The answer to `reload`.   errors: as above.
Result<ReloadOutcome> parse_reload_answer(std::string_view line);

}  // namespace sallyport::cli
