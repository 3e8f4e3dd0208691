#include "sso/totp_enrolment.h"

#include "sso/totp.h"
#include "tests/sso/gate_world.h"

namespace sallyport::sso {
namespace {

class TotpEnrolmentTest : public GateWorld {
 protected:
  TotpEnrolmentTest() {
    pending_ = {.id = RecordId::random(),
                .user = RecordId::random(),
                .session = RecordId::random(),
                .name = "My phone",
                .secret = *new_totp_secret()};
    kept_ = *to_record(pending_, *keyring_, clock_.wall());
  }
  Result<TotpEnrolment> read(const RecordId& id, const UserId& user, const RecordId& session) {
    return read_totp_enrolment(kept_, id, user, session, *keyring_, clock_.wall());
  }
  Code code_of(const Result<TotpEnrolment>& read) { return read ? Code::kInternal : read.error().code; }

  TotpEnrolment pending_;
  storage::FlowRecord kept_;
};

TEST_F(TotpEnrolmentTest, comes_back_to_who_began_it) {
  const auto back = read(pending_.id, pending_.user, pending_.session);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->name, "My phone");
  EXPECT_TRUE(constant_time_equal(back->secret.view(), pending_.secret.view()));
  EXPECT_EQ(kept_.kind, "totp-enrolment");
}

TEST_F(TotpEnrolmentTest, is_not_found_by_anybody_else) {
  const RecordId other = RecordId::random();
  EXPECT_EQ(code_of(read(pending_.id, other, pending_.session)), Code::kNotFound);
  EXPECT_EQ(code_of(read(pending_.id, pending_.user, other)), Code::kNotFound);
  EXPECT_EQ(code_of(read(other, pending_.user, pending_.session)), Code::kDenied);  // another record's place
}

TEST_F(TotpEnrolmentTest, is_over_after_ten_minutes_whatever_its_row_says) {
  kept_.expires_at = kept_.expires_at + std::chrono::hours(1);
  clock_.advance(std::chrono::minutes(10) - std::chrono::microseconds(1));
  EXPECT_TRUE(read(pending_.id, pending_.user, pending_.session).has_value());
  clock_.advance(std::chrono::microseconds(1));
  EXPECT_EQ(code_of(read(pending_.id, pending_.user, pending_.session)), Code::kNotFound);
}

TEST_F(TotpEnrolmentTest, of_another_kind_or_changed_does_not_read) {
  storage::FlowRecord other = kept_;
  other.kind = "sign-in";
  EXPECT_EQ(code_of(read_totp_enrolment(other, pending_.id, pending_.user, pending_.session, *keyring_, clock_.wall())),
            Code::kNotFound);
  kept_.sealed.back() ^= std::byte{1};
  EXPECT_EQ(code_of(read(pending_.id, pending_.user, pending_.session)), Code::kDenied);
}

TEST_F(TotpEnrolmentTest, keeps_no_secret_in_clear) {
  EXPECT_EQ(as_text(kept_.sealed).find(pending_.secret.reveal()), std::string_view::npos);
}

}  // namespace
}  // namespace sallyport::sso
