#include "storage/keyring.h"

#include "tests/storage/store_fixture.h"

namespace sallyport::storage {
namespace {

class KeyringTest : public StoreTest {
 protected:
  Result<std::unique_ptr<Keyring>> open_with(std::vector<SecretBytes> keys, std::string_view salt = kSalt) {
    return Keyring::open(*store_, std::move(keys), as_bytes(salt), clock_.wall());
  }
  static std::string error_of(const Result<std::unique_ptr<Keyring>>& result) {
    return result ? "opened" : result.error().what;
  }
  const SealContext context_{
      .installation = {}, .kind = "flow", .record = RecordId{}, .field = "f", .destination = "", .epoch = 0};
};

TEST_F(KeyringTest, opens_again_what_it_sealed) {
  const Bytes sealed = keyring_->seal(context_, as_bytes("value")).value();
  reopen();
  EXPECT_EQ(keyring_->unseal(context_, sealed).value().reveal(), "value");
  EXPECT_EQ(keyring_->status().data_keys, 1u);
  EXPECT_EQ(keyring_->status().active_key, 1u);
}

TEST_F(KeyringTest, refuses_another_master_key_and_another_salt) {
  EXPECT_EQ(error_of(open_with(masters('x'))), "master key does not fit this store");
  EXPECT_EQ(error_of(open_with(masters(), "fedcba9876543210")), "salt does not fit this store");
  EXPECT_EQ(error_of(open_with(masters())), "opened");
}

TEST_F(KeyringTest, refuses_keys_and_salts_of_wrong_length) {
  std::vector<SecretBytes> keys;
  EXPECT_EQ(error_of(open_with(std::move(keys))), "there is no master key");
  std::vector<SecretBytes> shorter;
  shorter.push_back(secret(std::string(31, 'm')));
  EXPECT_EQ(error_of(open_with(std::move(shorter))), "a master key has 32 bytes");
  EXPECT_EQ(error_of(open_with(masters(), "0123456789abcde")), "the salt has at least 16 bytes");
}

TEST_F(KeyringTest, takes_the_fitting_key_out_of_a_list) {
  std::vector<SecretBytes> keys = masters('n');
  keys.push_back(secret(std::string(32, 'm')));
  const auto keyring = open_with(std::move(keys));
  ASSERT_TRUE(keyring);
  EXPECT_EQ((*keyring)->status().master_keys, 2u);
}

TEST_F(KeyringTest, makes_no_second_set_of_keys) {
  const auto again = open_with(masters()).value();
  EXPECT_EQ(store_->data_keys().value().size(), 1u);
  EXPECT_EQ(store_->named_keys("row-mac").value().size(), 1u);
}

TEST_F(KeyringTest, refuses_a_store_whose_keys_were_removed) {
  tamper(path_, "DELETE FROM data_keys");
  EXPECT_EQ(error_of(open_with(masters())), "the store's data keys are missing");
}

TEST_F(KeyringTest, refuses_a_row_mac_key_that_was_exchanged) {
  tamper(path_, "UPDATE named_keys SET sealed = zeroblob(65)");
  EXPECT_FALSE(open_with(masters()));
}

TEST_F(KeyringTest, keeps_named_keys_for_their_purpose) {
  const NamedKeyRecord key = keyring_->seal_named_key("tls-ticket", as_bytes("0123456789"), {}, clock_.wall()).value();
  ASSERT_TRUE(store_->commit({.changes = {PutNamedKey{key}}, .expected = std::nullopt}, {}));
  NamedKeyRecord read = store_->named_keys("tls-ticket").value().at(0);
  EXPECT_EQ(keyring_->open_named_key(read).value().reveal(), "0123456789");
  read.purpose = "audit-signing";
  EXPECT_EQ(keyring_->open_named_key(read).error().code, Code::kDenied);
  EXPECT_TRUE(store_->named_keys("audit-signing").value().empty());
}

TEST_F(KeyringTest, no_key_stands_in_the_file_in_clear) {
  const NamedKeyRecord key =
      keyring_->seal_named_key("tls-ticket", as_bytes("NEEDLE-IN-THE-FILE"), {}, clock_.wall()).value();
  ASSERT_TRUE(store_->commit({.changes = {PutNamedKey{key}}, .expected = std::nullopt}, {}));
  EXPECT_EQ(to_text(key.sealed).find("NEEDLE"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::storage
