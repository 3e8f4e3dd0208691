#include "sso/recovery_codes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace sallyport::sso {
namespace {

TEST(RecoveryCodes, are_ten_that_differ_in_groups_that_people_can_type) {
  const auto codes = *new_recovery_codes(10);
  std::set<std::string> seen;
  for (const NewRecoveryCode& code : codes) {
    const std::string shown(code.shown.reveal());
    ASSERT_EQ(shown.size(), 19u);
    for (size_t i = 0; i < shown.size(); ++i) EXPECT_EQ(shown[i] == '-', i % 5 == 4) << shown;
    EXPECT_EQ(shown.find_first_of("ILOUilou"), shown.npos) << shown;
    seen.insert(shown);
  }
  EXPECT_EQ(seen.size(), 10u);
}

TEST(RecoveryCodes, use_all_of_their_alphabet) {
  std::set<char> seen;
  for (const NewRecoveryCode& code : *new_recovery_codes(200))
    for (const char c : code.shown.reveal()) seen.insert(c);
  EXPECT_EQ(seen.size(), 33u);  // and the dash
}

TEST(RecoveryCodes, are_kept_as_the_hash_of_what_is_typed) {
  for (const NewRecoveryCode& code : *new_recovery_codes(20)) {
    EXPECT_EQ(recovery_code_hash(code.shown.reveal()), code.hash);
    std::string sloppy(code.shown.reveal());
    std::erase(sloppy, '-');
    for (char& c : sloppy) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      if (c == '1') c = 'l';
      if (c == '0') c = 'O';
    }
    sloppy.insert(5, "  ");
    EXPECT_EQ(recovery_code_hash(sloppy), code.hash) << sloppy;
  }
}

TEST(RecoveryCodes, of_another_spelling_are_others) {
  const Sha256 hash = *recovery_code_hash("7K3M-Q0XV-42HD-9TRC");
  EXPECT_EQ(recovery_code_hash("7k3m q0xv 42hd 9trc"), hash);
  EXPECT_EQ(recovery_code_hash("7k3m-qoxv-42hd-9trc"), hash);
  EXPECT_NE(recovery_code_hash("7K3M-Q0XV-42HD-9TRD"), hash);
  EXPECT_NE(recovery_code_hash("K73M-Q0XV-42HD-9TRC"), hash);
}

TEST(RecoveryCodes, are_not_read_from_anything_else) {
  for (const char* typed : {"", "7K3M-Q0XV-42HD-9TR", "7K3M-Q0XV-42HD-9TRCA", "7K3M-Q0XV-42HD-9TRU",
                            "7K3M_Q0XV_42HD_9TRC", "123456", "7K3M-Q0XV-42HD-9TR\xc3\x84"})
    EXPECT_EQ(recovery_code_hash(typed), std::nullopt) << typed;
}

}  // namespace
}  // namespace sallyport::sso
