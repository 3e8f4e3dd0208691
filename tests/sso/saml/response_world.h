// What the tests of responses share: the rules that a genuine one meets, and what became of one.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "sso/saml/codec.h"
#include "sso/saml/instant.h"
#include "sso/saml/response.h"
#include "tests/sso/saml/forge.h"

namespace sallyport::sso::saml {

inline WallMicros now() { return parse_instant(forge::kNowText).value(); }

inline ResponseRules rules() {
  ResponseRules out;
  out.provider = forge::kIdp;
  out.audience = forge::kSp;
  out.consumer_url = forge::kAcs;
  out.provider_keys = {forge::rsa_key().verify_key()};
  out.own_keys = {forge::sp_key()};
  out.in_response_to = forge::kRequestId;
  return out;
}

inline ResponseVerdict judged(std::string_view xml, const ResponseRules& by = rules(), WallMicros at = now()) {
  return verify_response(by, encode_posted(xml), at);
}

// "ok", or why not. The last check has to be the one that failed, and the only one.
inline std::string outcome(const ResponseVerdict& verdict) {
  const auto& list = verdict.checks.list();
  EXPECT_FALSE(list.empty());
  for (size_t i = 0; i < list.size(); ++i)
    EXPECT_EQ(list[i].passed, verdict.claims.has_value() || i + 1 < list.size()) << list[i].name;
  return verdict.claims ? "ok" : verdict.claims.error().what;
}

// A row of the tables of forged responses: what is sent, and the one reason for which it is refused.
struct Forged {
  const char* name;
  const char* reason;
  std::function<std::string(ResponseRules&)> make;
};

inline std::string refusal(const Forged& each) {
  ResponseRules by = rules();
  const std::string xml = each.make(by);
  return outcome(judged(xml, by));
}

inline std::string forged_name(const Forged& each) { return each.name; }

}  // namespace sallyport::sso::saml
