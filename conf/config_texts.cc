#include "conf/config_texts.h"

#include <algorithm>

#include "base/bytes.h"

namespace sallyport::conf {
namespace {

constexpr size_t kUnixPathBytesMax = 107;
constexpr size_t kSaltBytesMin = 16;
constexpr size_t kSaltBytesMax = 64;

std::unexpected<Error> wrong(const char* what) { return malformed(Side::kClient, what); }

bool is_variable_name(std::string_view text) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::ranges::all_of(text, is_word);
}

// "scheme://user:password@host/..."
bool has_password(std::string_view url) {
  const size_t begin = url.find("://");
  if (begin == url.npos) return false;
  const std::string_view authority = url.substr(begin + 3, url.find_first_of("/?#", begin + 3) - begin - 3);
  const size_t at = authority.rfind('@');
  const bool in_user_info = at != authority.npos && authority.substr(0, at).find(':') != authority.npos;
  return in_user_info || url.find("password=") != url.npos;
}

}  // namespace

Result<std::variant<Endpoint, std::string>> parse_listener_address(std::string_view text) {
  if (text.starts_with("unix:")) {
    const std::string_view path = text.substr(5);
    if (path.empty()) return wrong("must name a path: unix:PATH");
    if (path.size() > kUnixPathBytesMax) return wrong("the path of a unix socket is at most 107 bytes long");
    return std::string(path);
  }
  const auto endpoint = Endpoint::parse(text);
  if (!endpoint) return wrong("must be an address and a port like 127.0.0.1:8443 or [::1]:8443, or unix:PATH");
  return *endpoint;
}

Result<std::string> parse_storage(std::string_view text) {
  if (has_password(text)) {
    return fail(Code::kDenied, Side::kClient,
                "must not hold a password; a password file (.pgpass) or a client certificate is the place for it");
  }
  if (text.starts_with("postgresql:") || text.starts_with("postgres:"))
    return fail(Code::kUnavailable, Side::kClient, "this version does not do PostgreSQL storage; use sqlite:PATH");
  if (!text.starts_with("sqlite:") || text.size() == 7 || text.starts_with("sqlite://"))
    return wrong("must be sqlite:PATH");
  if (text == "sqlite::memory:") return wrong("must be a file: what is in memory is lost at the end");
  return std::string(text.substr(7));
}

Result<MasterKeySource> parse_master_key(std::string_view text) {
  constexpr const char* kWhat = "must be file:PATH, env:NAME or exec:COMMAND";
  const size_t colon = text.find(':');
  if (colon == text.npos || colon + 1 == text.size()) return wrong(kWhat);
  const std::string_view from = text.substr(0, colon);
  std::string value(text.substr(colon + 1));
  if (from == "file") return MasterKeySource{MasterKeyFrom::kFile, std::move(value)};
  if (from == "exec") return MasterKeySource{MasterKeyFrom::kCommand, std::move(value)};
  if (from != "env") return wrong(kWhat);
  if (!is_variable_name(value)) return wrong("env: must name an environment variable");
  return MasterKeySource{MasterKeyFrom::kEnvironment, std::move(value)};
}

Result<std::string> parse_salt(std::string_view text) {
  const auto bytes = base64_decode(text);
  if (!bytes) return wrong("must be base64");
  if (bytes->size() < kSaltBytesMin || bytes->size() > kSaltBytesMax)
    return wrong("must be base64 of 16 to 64 bytes; `sallyport init` makes one");
  return to_text(*bytes);
}

Result<http::Url> parse_gate(std::string_view text) {
  TRY(http::Url url, http::parse_url(text));
  if (url.scheme != "https") return wrong("must be an https URL; the cookies are for https alone");
  if (url.path != "/" || text.find('?') != text.npos) return wrong("must be a host alone, without a path");
  return url;
}

Result<Cidr> parse_trusted_proxy(std::string_view text) {
  const auto cidr = Cidr::parse(text);
  if (!cidr) return wrong("must be an address or a network like 10.0.0.0/8, with no bits behind the prefix");
  if (cidr->length() == 0) return fail(Code::kDenied, Side::kClient, "would believe everybody; name the proxies");
  return *cidr;
}

Result<std::string> parse_anchor(std::string_view text) {
  if (text.find("://") != text.npos)
    return fail(Code::kUnavailable, Side::kClient, "this version does not do anchors at a URL; use a file");
  return std::string(text);
}

}  // namespace sallyport::conf
