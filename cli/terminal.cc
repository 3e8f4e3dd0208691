#include "cli/terminal.h"

#include <ostream>

namespace sallyport::cli {

Failure failure_of(std::string_view while_doing, const Error& error) {
  return {std::string(while_doing) + ": " + error.what};
}

std::unexpected<Failure> failure(std::string_view while_doing, const Error& error) {
  return std::unexpected(failure_of(while_doing, error));
}

int refuse(Terminal& terminal, const Failure& failure) {
  terminal.out.flush();
  for (const Mistake& mistake : failure.mistakes) terminal.err << to_line(mistake) << '\n';
  if (!failure.message.empty()) terminal.err << "sallyport: " << failure.message << '\n';
  terminal.err.flush();
  return kRefused;
}

void warn(Terminal& terminal, std::string_view message) {
  terminal.out.flush();
  terminal.err << "sallyport: warning: " << message << '\n';
  terminal.err.flush();
}

}  // namespace sallyport::cli
