#include "sso/second_factor.h"

#include "sso/recovery_codes.h"
#include "sso/totp.h"
#include "tests/sso/factor_world.h"

namespace sallyport::sso {
namespace {

constexpr WallMicros kNow{1'700'000'000'000'000};

std::string code_of(const TotpFactor& factor, int64_t aside = 0) {
  const uint64_t step = totp_step_of(kNow) + static_cast<uint64_t>(aside);
  const std::string digits = std::to_string(hotp_value(factor.secret.view(), step));
  return std::string(kTotpDigits - digits.size(), '0') + digits;
}

TotpFactor app(const std::string& name, char byte) {
  TotpFactor out = some_totp(name);
  out.secret = secret(std::string(kTotpSecretBytes, byte));
  return out;
}

class MatchCode : public testing::Test {
 protected:
  MatchCode() {
    factors_ = no_factors();
    factors_.totp.push_back(app("phone", 'a'));
    factors_.totp.push_back(app("tablet", 'b'));
    codes_ = *new_recovery_codes(3);
    for (const NewRecoveryCode& code : codes_) factors_.recovery.push_back(recovery_code_of(code.hash));
  }
  std::optional<ShownFactor> match(std::string_view typed) { return match_code(factors_, user_, typed, kNow); }

  Factors factors_;
  std::vector<NewRecoveryCode> codes_;
  UserId user_ = RecordId::random();
};

TEST_F(MatchCode, tells_which_app_and_which_step) {
  const auto shown = match(code_of(factors_.totp[1], -1));
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->words, "authenticator app \"tablet\"");
  EXPECT_EQ(shown->use.factor, factors_.totp[1].id);
  EXPECT_EQ(shown->use.user, user_);
  EXPECT_EQ(shown->use.counter, totp_step_of(kNow) - 1);
  EXPECT_EQ(shown->use.used_at, kNow);
}

TEST_F(MatchCode, tells_which_recovery_code_and_names_none) {
  const auto shown = match(codes_[2].shown.reveal());
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->words, "recovery code");
  EXPECT_EQ(shown->use.factor, factors_.recovery[2].id);
  EXPECT_EQ(shown->use.counter, 1u);
}

TEST_F(MatchCode, refuses_what_is_nobodys_or_another_persons) {
  const TotpFactor stranger = app("stranger", 'c');
  const auto other = *new_recovery_codes(1);
  for (const std::string& typed : {code_of(stranger), std::string(other[0].shown.reveal()), std::string(),
                                   std::string("12345"), std::string(8000, '1')})
    EXPECT_FALSE(match(typed)) << typed.substr(0, 40);
}

TEST_F(MatchCode, a_person_without_apps_is_not_asked_for_digits) {
  const std::string code = code_of(factors_.totp[0]);
  factors_.totp.clear();
  EXPECT_FALSE(match(code));
}

}  // namespace
}  // namespace sallyport::sso
