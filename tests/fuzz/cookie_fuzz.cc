// Cookies and forms: what is taken out is gone in any case of its letters, the rest stays in order.
#include "base/http/cookie.h"
#include "base/http/field.h"
#include "base/http/url.h"
#include "tests/fuzz/require.h"

using namespace sallyport::http;

namespace {

constexpr std::string_view kOwn = "__Host-sallyport";

bool is_own(std::string_view text) { return iequals(text.substr(0, kOwn.size()), kOwn); }

void fuzz_cookies(std::string_view input) {
  std::string kept;
  size_t pairs = 0;
  for_each_cookie(input, [&](const CookiePair& pair) {
    require(pair.name.find_first_of(";=") == pair.name.npos && pair.value.find(';') == pair.value.npos);
    ++pairs;
    return true;
  });
  require(pairs <= input.size());
  const bool any = append_cookies_without(input, kOwn, kept);
  require(any == !kept.empty());
  require(kept.size() <= 2 * input.size() + 2);
  size_t left = 0;
  for_each_cookie(kept, [&](const CookiePair& pair) {
    require(!is_own(pair.name) && (!pair.name.empty() || !is_own(pair.value)));
    ++left;
    return true;
  });
  require(left <= pairs);
  std::string again;
  append_cookies_without(kept, kOwn, again);
  require(again == kept);
}

void fuzz_set_cookie(std::string_view input) {
  const auto facts = read_set_cookie(input);
  if (!facts) return;
  require(!facts->name.empty() && facts->name.find_first_of(";=") == facts->name.npos);
  require(input.find(facts->name) != input.npos);
}

void fuzz_form(std::string_view input) {
  const auto form = parse_form(input, 16);
  if (!form) return;
  require(form->size() <= 16);
  std::string text;
  for (const auto& [name, value] : *form) text += percent_encode(name) + "=" + percent_encode(value) + "&";
  const auto again = parse_form(text, 16);
  require(again && *again == *form);
  for (const auto& [name, value] : *form) {
    const std::string* const found = find_field(*form, name);
    require(found == nullptr || *found == value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz_text(data, size);
  fuzz_cookies(input);
  fuzz_set_cookie(input);
  fuzz_form(input);
  return 0;
}
