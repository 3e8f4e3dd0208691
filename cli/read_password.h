// A new password from standard input, or asked for twice on the terminal without showing it.
#pragma once

#include "base/secret.h"
#include "cli/terminal.h"

namespace sallyport::cli {

// The first line, without its line ending.   errors: there is none, or it is too long.
Outcome<SecretBytes> read_password_line(std::istream& in);
// errors: no terminal, two different answers.
Outcome<SecretBytes> ask_password(const std::string& prompt);

}  // namespace sallyport::cli
