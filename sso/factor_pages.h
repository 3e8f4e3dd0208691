// The pages of second factors: showing one, setting one up, and managing them. Plain values in, HTML out; all of them
// work without script.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/record_id.h"
#include "base/secret.h"
#include "sso/html.h"
#include "sso/pages.h"

namespace sallyport::sso {

constexpr std::string_view kNewTotpPath = "/.sallyport/account/factors/totp";
constexpr std::string_view kConfirmTotpPath = "/.sallyport/account/factors/totp/confirm";
constexpr std::string_view kNewCodesPath = "/.sallyport/account/factors/recovery-codes";
constexpr std::string_view kRenameFactorPath = "/.sallyport/account/factors/rename";
constexpr std::string_view kRemoveFactorPath = "/.sallyport/account/factors/remove";

// What is typed: the six digits of an app, or a recovery code (a phone shows another keyboard for it).
enum class CodeField : uint8_t { kApp, kRecovery };

struct SecondFactorPage {
  std::string csrf;
  std::string sign_out_csrf;
  std::string flow;  // the handle of the page wanted; empty: none
  std::string then;  // one of our own words for where to go on the gate; empty: none
  std::string user;
  std::string destination;  // the host one goes on to; empty: the gate itself
  CodeField field = CodeField::kApp;
  bool has_totp = false;
  bool has_passkey = false;
  bool has_recovery = false;
  bool again = false;  // a factor was shown in this session already, and a fresh one is asked for
  std::string alert;   // why the last code was refused; empty: none
  Html passkey;        // the way with a passkey, where there is one
};
std::string second_factor_page(const SecondFactorPage& page);

enum class FactorKind : uint8_t { kTotp, kPasskey };
std::string_view to_string(FactorKind kind);  // "totp", "passkey"

struct FactorShown {
  RecordId id;
  FactorKind kind = FactorKind::kTotp;
  std::string name;
  WallMicros created_at{};
  std::optional<WallMicros> used_at;
};

struct FactorsPage {
  std::string csrf;
  std::string sign_out_csrf;
  std::vector<FactorShown> factors;
  size_t recovery_left = 0;
  std::optional<WallMicros> recovery_used_at;
  bool fresh = true;      // else everything is only shown, with the way to show a factor again
  bool demanded = false;  // the last one must stay
  Html add_passkey;       // the button that adds one, where there can be
  WallMicros now{};
  std::string_view note;   // what was done; a literal, empty: nothing
  std::string_view alert;  // what went wrong
};
std::string factors_page(const FactorsPage& page);

// In the place of the list, for who has none and is on the way to where one is needed: which kind, and what to call it.
struct NewFactorPage {
  std::string csrf;
  std::string sign_out_csrf;
  std::string flow;
  bool fresh = true;  // else a new sign-in comes first
  std::string name;   // what was typed before
  std::string_view alert;
  Html add_passkey;
};
std::string new_factor_page(const NewFactorPage& page);

struct TotpPage {
  std::string csrf;
  std::string id;  // of the enrolment
  std::string flow;
  std::string name;
  std::string gate;  // as the app will show it
  std::string account;
  Html qr;
  const SecretBytes* secret = nullptr;  // in base32
  const SecretBytes* uri = nullptr;
  std::string alert;
};
std::string totp_page(const TotpPage& page);

struct RecoveryCodesPage {
  std::string gate;
  std::string user;
  std::vector<const SecretBytes*> codes;
  bool first = false;    // they come with the first factor; else they replace older ones
  std::string next_url;  // where it goes on
  WallMicros now{};
};
std::string recovery_codes_page(const RecoveryCodesPage& page);

}  // namespace sallyport::sso
