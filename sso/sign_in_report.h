// One attempt to sign in at an identity provider, as the flight recorder keeps it and as admins see it: what became of
// it and which checks were made. It holds names of accounts, addresses, times and algorithms; never a NameID, the value
// of an attribute, a password, a token or a key (sso/checks.h says the same of each check).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sso/checks.h"
#include "storage/records.h"

namespace sallyport::sso {

constexpr size_t kReportChecksMax = 100;             // the last ones: the one that failed is the last
constexpr size_t kReportChecksBytesMax = 24 * 1024;  // of the JSON; earlier checks go first

enum class ReportOutcome : uint8_t { kSignedIn, kRefused, kUnavailable };
std::string_view to_string(ReportOutcome outcome);

struct SignInReport {
  WallMicros at{};
  std::string reference;  // new_reference()
  ReportOutcome outcome = ReportOutcome::kRefused;
  std::string user;       // the account's name; "": nobody's here, or not known
  std::string client;     // address
  const char* what = "";  // why, or how; a literal
  std::vector<Check> checks;
};
storage::SignInAttempt to_attempt(const std::string& provider, const SignInReport& report);

// What a person is told to pass on: 40 random bits as XXXX-XXXX, of Crockford's base32 (no I, L, O, U).
std::string new_reference();
// As it was read out or typed: case, blanks and '-' aside, O for 0, I and L for 1. Nothing: it is none.
std::optional<std::string> parse_reference(std::string_view text);

struct ReportedCheck {
  std::string name;
  std::string expected;
  std::string found;
  bool passed = false;
};
// errors: kMalformed the store's text does not read.
Result<std::vector<ReportedCheck>> read_checks(std::string_view json);

// {reference, at, provider, outcome, user, client, reason, checks: [{name, expected, found, passed}]}; user and client
// are null where there is none, checks where they do not read.
nlohmann::ordered_json attempt_json(const storage::SignInAttempt& attempt);

}  // namespace sallyport::sso
