#include "base/http/cookie.h"

#include "base/http/field.h"
#include "base/http/url.h"

namespace sallyport::http {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<std::string> form_decode(std::string_view text) {
  std::string plain(text);
  for (char& c : plain)
    if (c == '+') c = ' ';
  return percent_decode(plain);
}

bool append_cookies_without(std::string_view field, std::string_view prefix, std::string& out) {
  bool any = false;
  for_each_cookie(field, [&](const CookiePair& pair) {
    const std::string_view begin = pair.name.empty() ? pair.value : pair.name;  // "name" alone counts as a name, too
    if (begin.size() >= prefix.size() && iequals(begin.substr(0, prefix.size()), prefix)) return true;
    if (any) out += "; ";
    any = true;
    const char* const first = pair.name.data() != nullptr ? pair.name.data() : pair.value.data();
    out.append(first, pair.value.data() + pair.value.size());
    return true;
  });
  return any;
}

Result<SetCookieFacts> read_set_cookie(std::string_view value) {
  size_t end = value.find(';');
  const std::string_view pair = value.substr(0, end);
  const size_t equals = pair.find('=');
  if (equals == pair.npos) return malformed(Side::kUpstream, "Set-Cookie without '='");
  SetCookieFacts out{trimmed(pair.substr(0, equals)), false};
  if (out.name.empty()) return malformed(Side::kUpstream, "Set-Cookie without a name");
  while (end != value.npos) {
    value.remove_prefix(end + 1);
    end = value.find(';');
    const std::string_view attribute = value.substr(0, end);
    if (iequals(trimmed(attribute.substr(0, attribute.find('='))), "domain")) out.has_domain = true;
  }
  return out;
}

Result<FormFields> parse_form(std::string_view body, size_t fields_max) {
  FormFields out;
  while (!body.empty()) {
    const size_t end = body.find('&');
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(end == body.npos ? body.size() : end + 1);
    if (pair.empty()) continue;
    if (out.size() == fields_max) return fail(Code::kLimit, Side::kClient, "too many form fields");
    const size_t equals = pair.find('=');
    TRY(std::string name, form_decode(pair.substr(0, equals)));
    TRY(std::string value, form_decode(equals == pair.npos ? std::string_view() : pair.substr(equals + 1)));
    out.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

const std::string* find_field(const FormFields& fields, std::string_view name) {
  const std::string* found = nullptr;
  for (const auto& [key, value] : fields) {
    if (key != name) continue;
    if (found != nullptr) return nullptr;
    found = &value;
  }
  return found;
}

}  // namespace sallyport::http
