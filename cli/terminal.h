// Where a command reads and writes, how it fails, and its exit codes (0 done, 1 refused or failed, 2 wrong usage).
#pragma once

#include <expected>
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/mistake.h"
#include "base/result.h"

namespace sallyport::cli {

struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

constexpr int kDone = 0;
constexpr int kRefused = 1;
constexpr int kWrongUsage = 2;

// Why a command cannot go on, in words for the person who typed it. Never holds a secret.
struct Failure {
  std::string message;
  Mistakes mistakes = {};  // of files; printed one per line before the message
};
template <class T>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> failure(std::string message) { return std::unexpected(Failure{std::move(message)}); }
// "WHILE: what the error says"
std::unexpected<Failure> failure(std::string_view while_doing, const Error& error);
Failure failure_of(std::string_view while_doing, const Error& error);
inline std::unexpected<Failure> failure(Mistakes mistakes) { return std::unexpected(Failure{"", std::move(mistakes)}); }

// Prints the failure on stderr and gives the exit code 1.
int refuse(Terminal& terminal, const Failure& failure);
void warn(Terminal& terminal, std::string_view message);

}  // namespace sallyport::cli
