// The pages on which a person sets a new password. Plain values in, HTML out; no script.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::sso {

struct NewPasswordPage {
  std::string csrf;
  std::string sign_out_csrf;
  std::string flow;  // where one goes on to afterwards; empty: nowhere
  std::string user;
  bool due = false;  // nothing else is reached before
  int min_length = 8;
  std::string alert;  // what is wrong, as a sentence; empty: nothing yet
};
std::string new_password_page(const NewPasswordPage& page);

// By an administrator's link.
struct ResetPage {
  std::string csrf;
  std::string code;
  std::string user;
  int min_length = 8;
  std::string alert;
};
std::string reset_page(const ResetPage& page);
std::string reset_done_page(std::string_view user);

}  // namespace sallyport::sso
