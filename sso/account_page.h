// The account page: who one is, where one is signed in, which tokens one has. Plain values in, HTML out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sso/own_sessions.h"

namespace sallyport::sso {

struct AccountPage {
  std::string sign_out_csrf;
  std::string sessions_csrf;  // for the buttons that end sessions
  std::string user;
  std::string email;
  bool admin = false;
  bool has_password = false;  // of this gateway
  policy::Strength strength = policy::Strength::kPassword;
  OwnSessionList sessions;
  std::vector<storage::TokenRecord> tokens;
  WallMicros now{};
  std::string_view note;   // what was done; a literal, empty: nothing
  std::string_view alert;  // what went wrong
};
std::string account_page(const AccountPage& page);

}  // namespace sallyport::sso
