// What a SAML response costs the pool: one of SimpleSAMLphp's size (some 8 KiB, certificate in its KeyInfo), RSA-2048.
#include <benchmark/benchmark.h>

#include "sso/saml/codec.h"
#include "sso/saml/instant.h"
#include "sso/saml/response.h"
#include "tests/sso/saml/forge.h"

namespace {

using namespace sallyport;
using namespace sallyport::sso::saml;

ResponseRules rules() {
  ResponseRules out;
  out.provider = forge::kIdp;
  out.audience = forge::kSp;
  out.consumer_url = forge::kAcs;
  out.provider_keys = {forge::rsa_key().verify_key()};
  out.own_keys = {forge::sp_key()};
  out.in_response_to = forge::kRequestId;
  return out;
}

forge::Story story() {
  forge::Story out;
  std::string more;
  for (int i = 0; i < 12; ++i)
    more += "<saml:Attribute Name=\"attribute" + std::to_string(i) +
            "\" NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\"><saml:AttributeValue "
            "xsi:type=\"xs:string\">value</saml:AttributeValue></saml:Attribute>";
  out.attributes = forge::replaced(out.attributes, "</saml:AttributeStatement>", more + "</saml:AttributeStatement>");
  return out;
}

void verify(benchmark::State& state, const std::string& xml) {
  const ResponseRules by = rules();
  const std::string posted = encode_posted(xml);
  const WallMicros now = parse_instant(forge::kNowText).value();
  for (auto _ : state) {
    const ResponseVerdict verdict = verify_response(by, posted, now);
    if (!verdict.claims) state.SkipWithError(verdict.claims.error().what);
  }
  state.counters["bytes"] = static_cast<double>(xml.size());
  state.counters["per_second"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

forge::Sign usual() {
  forge::Sign out;
  out.key_info = forge::x509_key_info(forge::rsa_key());
  return out;
}

void assertion_signed(benchmark::State& state) { verify(state, forge::assertion_signed(story(), usual())); }
void both_signed(benchmark::State& state) { verify(state, forge::both_signed(story(), usual())); }
void signed_and_encrypted(benchmark::State& state) {
  verify(state, forge::response_of(story(),
                                   forge::encrypted(forge::signed_text(forge::assertion_of(story()), "_a1", usual()))));
}
void refused_for_its_digest(benchmark::State& state) {
  const std::string posted = encode_posted(forge::replaced(forge::both_signed(story(), usual()), "staff", "owner"));
  const ResponseRules by = rules();
  const WallMicros now = parse_instant(forge::kNowText).value();
  for (auto _ : state) benchmark::DoNotOptimize(verify_response(by, posted, now));
}

}  // namespace

BENCHMARK(assertion_signed);
BENCHMARK(both_signed);
BENCHMARK(signed_and_encrypted);
BENCHMARK(refused_for_its_digest);
BENCHMARK_MAIN();
