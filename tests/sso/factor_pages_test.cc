#include "sso/factor_pages.h"

#include <gtest/gtest.h>

namespace sallyport::sso {
namespace {

constexpr const char* kHostile = "\"><script>alert('x')</script>&<b a=`c`";

FactorsPage list_of(const char* words) {
  FactorsPage out;
  out.csrf = out.sign_out_csrf = words;
  out.factors = {{.id = {}, .kind = FactorKind::kTotp, .name = words, .created_at = {}, .used_at = {}},
                 {.id = {}, .kind = FactorKind::kPasskey, .name = words, .created_at = {}, .used_at = WallMicros{}}};
  out.recovery_left = 1;
  out.note = out.alert = words;
  return out;
}
SecondFactorPage code_of(const char* words) {
  SecondFactorPage out;
  out.csrf = out.sign_out_csrf = out.flow = out.then = out.user = out.destination = out.alert = words;
  out.has_totp = out.has_recovery = true;
  return out;
}
NewFactorPage choice_of(const char* words) {
  NewFactorPage out;
  out.csrf = out.sign_out_csrf = out.flow = out.name = words;
  out.alert = words;
  return out;
}
std::string app_of(const char* words) {
  const SecretBytes shown = *SecretBytes::copy_of(words);
  TotpPage out;
  out.csrf = out.id = out.flow = out.name = out.gate = out.account = out.alert = words;
  out.secret = out.uri = &shown;
  return totp_page(out);
}
std::string codes_of(const char* words) {
  const SecretBytes shown = *SecretBytes::copy_of(words);
  RecoveryCodesPage out;
  out.gate = out.user = out.next_url = words;
  out.codes = {&shown};
  return recovery_codes_page(out);
}

TEST(FactorPages, hostile_words_stay_words) {
  for (const std::string& page : {factors_page(list_of(kHostile)), second_factor_page(code_of(kHostile)),
                                  new_factor_page(choice_of(kHostile)), app_of(kHostile), codes_of(kHostile)}) {
    EXPECT_FALSE(page.contains("<script")) << page;
    EXPECT_FALSE(page.contains("<b ")) << page;
    EXPECT_FALSE(page.contains(" style=")) << page;
    EXPECT_FALSE(page.contains(" onclick=")) << page;
  }
}

TEST(FactorPages, the_field_of_a_code_is_what_phones_and_readers_need) {
  SecondFactorPage page = code_of("Words.");
  const std::string app = second_factor_page(page);
  for (const char* part : {"<label for=\"code\">", "inputmode=\"numeric\"", "autocomplete=\"one-time-code\"",
                           "aria-describedby=\"code-hint problem\"", "aria-invalid=\"true\"", "role=\"alert\""})
    EXPECT_TRUE(app.contains(part)) << part;
  page.field = CodeField::kRecovery;
  const std::string recovery = second_factor_page(page);
  EXPECT_FALSE(recovery.contains("inputmode=\"numeric\"")) << "letters are typed here";
  EXPECT_TRUE(recovery.contains("autocomplete=\"off\""));
  page.alert.clear();
  EXPECT_FALSE(second_factor_page(page).contains("aria-invalid"));
}

TEST(FactorPages, only_ways_that_there_are_are_offered) {
  SecondFactorPage page;
  page.has_recovery = true;
  page.field = CodeField::kRecovery;
  EXPECT_FALSE(second_factor_page(page).contains("with=app"));
  page.has_totp = true;
  EXPECT_TRUE(second_factor_page(page).contains("with=app"));
  page.field = CodeField::kApp;
  EXPECT_TRUE(second_factor_page(page).contains("with=recovery"));
  page.has_recovery = false;
  EXPECT_FALSE(second_factor_page(page).contains("with=recovery"));
}

TEST(FactorPages, what_may_not_be_done_has_no_button) {
  FactorsPage page = list_of("words");
  EXPECT_TRUE(factors_page(page).contains(kRemoveFactorPath));
  page.factors.pop_back();
  page.demanded = true;
  EXPECT_FALSE(factors_page(page).contains(kRemoveFactorPath)) << "the last one, where one is demanded";
  page.demanded = false;
  page.fresh = false;
  const std::string stale = factors_page(page);
  for (const std::string_view path : {kRemoveFactorPath, kRenameFactorPath, kNewCodesPath, kNewTotpPath})
    EXPECT_FALSE(stale.contains(path)) << path;
}

TEST(FactorPages, the_key_is_shown_in_groups) {
  EXPECT_TRUE(app_of("GEZDGNBVGY3TQOJQ").contains(">GEZD GNBV GY3T QOJQ<"));
}

}  // namespace
}  // namespace sallyport::sso
