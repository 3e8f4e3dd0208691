// What commands and a running gateway say to each other through control.sock: one JSON object per line, a request and
// its answer in turn (CONTROL_PROTOCOL.md). Pure readers and writers; both sides use them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::cli {

constexpr size_t kControlLineBytesMax = 1024;  // without the line feed

struct ControlRequest {
  enum class Op : uint8_t {
    kFollow,  // bring what was committed up to `generation` into force, then answer
    kStatus,
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

// errors: kMalformed not one JSON object, an unknown or double key, a wrong type; kNotFound an unknown operation;
// kLimit the line is too long.
Result<ControlRequest> parse_control_request(std::string_view line);
std::string to_line(const ControlRequest& request);  // with the line feed, as the answers below

std::string control_in_force(uint64_t generation);
std::string control_status(const ControlStatus& status);
std::string control_refusal(const Error& error);

// The answer to `follow`: the generation in force.   errors: kMalformed no such answer, kUnavailable the gateway
// refused.
Result<uint64_t> parse_follow_answer(std::string_view line);

}  // namespace sallyport::cli
