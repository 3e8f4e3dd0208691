// URLs, targets and paths: one spelling for each, and strict paths that hold nothing another reader could take for
// more.
#include "base/http/url.h"
#include "tests/fuzz/require.h"

using namespace sallyport::http;

namespace {

void require_strict(std::string_view path) {
  require(path.starts_with('/'));
  require(path.find("//") == path.npos && path.find_first_of(";\\?# ") == path.npos);
  for (const char c : path) require(c > 0x20 && c < 0x7f);
  const auto decoded = percent_decode(path);
  require(decoded.has_value());
  require(decoded->find_first_of(std::string_view("\\;\0\r\n", 5)) == decoded->npos);
  require(decoded->find("//") == decoded->npos);
  const std::string closed = *decoded + "/";
  require(closed.find("/../") == closed.npos && closed.find("/./") == closed.npos);
  size_t slashes = 0;
  for (const char c : path) slashes += c == '/';
  for (const char c : *decoded) slashes -= c == '/';
  require(slashes == 0);
}

void fuzz_path(std::string_view input) {
  std::string scratch;
  std::string_view out;
  const auto changed = canonical_path(input, PathMode::kStrict, scratch, out);
  std::string raw_scratch;
  std::string_view raw;
  const auto raw_changed = canonical_path(input, PathMode::kRaw, raw_scratch, raw);
  if (raw_changed) require(!*raw_changed && raw == input && raw.starts_with('/'));
  if (!changed) return;
  require(raw_changed.has_value());  // raw refuses less
  require(*changed == (out != input));
  require_strict(out);
  require(percent_decode(out) == percent_decode(input));
  std::string again;
  std::string_view second;
  require(canonical_path(out, PathMode::kStrict, again, second) == false && second == out);
  require(path_has_prefix(out, "/") && path_has_prefix(out, out));
  require(path_has_prefix_ignoring_case(out, out));
  for (size_t at = out.find('/', 1); at != out.npos; at = out.find('/', at + 1))
    require(path_has_prefix(out, out.substr(0, at)) && path_has_prefix(out, out.substr(0, at + 1)));
  require(!path_has_prefix(out, std::string(out) + "x") && path_has_prefix(std::string(out) + "/x", out));
}

void fuzz_target(std::string_view input) {
  const auto target = parse_target(input);
  if (!target) return;
  if (target->asterisk) {
    require(input == "*");
    return;
  }
  require(target->path.starts_with('/') && target->path.find('?') == target->path.npos);
  require(target->has_query || target->query.empty());
  const std::string tail = std::string(target->path) + (target->has_query ? "?" : "") + std::string(target->query);
  if (target->authority.empty())
    require(tail == input);
  else
    require(input.find(target->authority) != input.npos && parse_authority(target->authority).has_value());
}

void fuzz_authority(std::string_view input) {
  std::string scratch;
  const auto view = parse_authority(input, scratch);
  const auto authority = parse_authority(input);
  require(view.has_value() == authority.has_value());
  if (!authority) return;
  require(view->host == authority->host && view->port == authority->port);
  require(!authority->host.empty() && authority->port != 0);
  const bool v6 = authority->host.find(':') != std::string::npos;
  std::string again = v6 ? "[" + authority->host + "]" : authority->host;
  if (authority->port) again += ":" + std::to_string(*authority->port);
  const auto second = parse_authority(again);
  require(second && second->host == authority->host && second->port == authority->port);
  for (const char c : authority->host)
    require(c > 0x20 && c < 0x7f && !(c >= 'A' && c <= 'Z') && c != '@' && c != '/' && c != '%');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz_text(data, size);
  fuzz_path(input);
  fuzz_target(input);
  fuzz_authority(input);
  require(percent_decode(percent_encode(input)) == input);
  if (const auto url = parse_url(input)) {
    require_strict(url->path);
    require(url->port != 0 && (url->scheme == "http" || url->scheme == "https"));
    const std::string text = url->to_string();
    const auto again = parse_url(text);
    require(again && again->to_string() == text && again->host == url->host && again->port == url->port);
    require(again->path == url->path && again->query == url->query);
    require(input.find('@') == input.npos || input.find('@') > input.find('/', input.find("://") + 3) ||
            input.find('@') > input.find('?'));
  }
  return 0;
}
