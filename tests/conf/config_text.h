// A sound configuration as text, and a way to change one line of it.
#pragma once

#include <string>
#include <string_view>

#include "conf/node_config.h"

namespace sallyport::conf {

// Line 1 storage, 2 master_key, 3 salt, 4 gate, 5 listeners, 6 address, 7 tls, 8 the admin listener, 9 its kind.
constexpr std::string_view kSoundConfig =
    "storage: sqlite:sallyport.db\n"
    "master_key: file:master.key\n"
    "salt: c2FtcGxlLXNhbHQtZG8tbm90LXVzZQ==\n"
    "gate: https://gate.localhost:8443\n"
    "listeners:\n"
    "  - address: 127.0.0.1:8443\n"
    "    tls: {certificates: [{cert: tls/cert.pem, key: tls/key.pem}]}\n"
    "  - address: 127.0.0.1:9443\n"
    "    kind: admin\n";

// The text with line `number` in place of the one there; 0 appends as line 10.
inline std::string with_line(int number, std::string_view line) {
  std::string out;
  std::string_view rest = kSoundConfig;
  for (int i = 1; !rest.empty(); ++i) {
    const size_t end = rest.find('\n') + 1;
    out += i == number ? std::string(line) + (line.empty() ? "" : "\n") : std::string(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  return number == 0 ? out + std::string(line) + "\n" : out;
}

// One line for each mistake, or "".
inline std::string mistakes_of(std::string_view text, const std::string& file = "gate.yaml") {
  const auto config = parse_node_config(text, file);
  if (config) return "";
  std::string out;
  for (const Mistake& mistake : config.error()) out += (out.empty() ? "" : "\n") + to_line(mistake);
  return out;
}

}  // namespace sallyport::conf
