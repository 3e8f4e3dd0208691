// sallyport secret: a new master key.
#include "base/secret.h"

#include <ostream>

#include "base/bytes.h"
#include "base/random.h"
#include "cli/commands.h"

namespace sallyport::cli {

int run_secret(Terminal& terminal) {
  auto key = random_bytes<32>();
  std::string text = base64_encode(key);
  terminal.out << text << '\n';
  terminal.out.flush();
  const bool written = terminal.out.good();
  wipe(text);
  wipe(key);
  return written ? kDone : refuse(terminal, {"cannot write the key to standard output"});
}

}  // namespace sallyport::cli
