#include "storage/seal.h"

#include "base/random.h"
#include "tests/storage/store_fixture.h"

namespace sallyport::storage {
namespace {

SealContext context_of(uint64_t epoch = 1) {
  return {.installation = {},
          .kind = "datasource",
          .record = RecordId{random_bytes<16>()},
          .field = "secrets.token",
          .destination = "https://api.example.test:443",
          .epoch = epoch};
}

TEST(SealTest, has_the_layout_of_the_contract) {
  const Bytes key(32, std::byte{7});
  const Bytes sealed = seal(0x01020304, key, context_of(), as_bytes("hello")).value();
  EXPECT_EQ(sealed.size(), 1 + 4 + 12 + 5 + 16u);
  EXPECT_EQ(hex_encode(ByteView(sealed).first(5)), "0101020304");
  EXPECT_EQ(sealed_key_id(sealed).value(), 0x01020304u);
}

TEST(SealTest, never_seals_twice_the_same_way) {
  const Bytes key(32, std::byte{7});
  const SealContext context = context_of();
  EXPECT_NE(seal(1, key, context, as_bytes("hello")).value(), seal(1, key, context, as_bytes("hello")).value());
}

TEST(SealTest, opens_empty_and_longest_values_and_refuses_longer_ones) {
  const Bytes key(32, std::byte{7});
  const SealContext context = context_of();
  for (const size_t size : {size_t{0}, size_t{1}, kSealedPlainBytesMax}) {
    const Bytes plain(size, std::byte{'x'});
    const auto opened = unseal(key, context, seal(1, key, context, plain).value());
    ASSERT_TRUE(opened) << size;
    EXPECT_TRUE(constant_time_equal(opened->view(), plain));
  }
  EXPECT_EQ(seal(1, key, context, Bytes(kSealedPlainBytesMax + 1)).error().code, Code::kLimit);
  EXPECT_EQ(unseal(key, context, Bytes(kSealedPlainBytesMax + kSealOverhead + 1, std::byte{1})).error().code,
            Code::kMalformed);
}

TEST(SealTest, refuses_every_other_context) {
  const Bytes key(32, std::byte{7});
  const SealContext context = context_of(5);
  const Bytes sealed = seal(1, key, context, as_bytes("hello")).value();
  ASSERT_TRUE(unseal(key, context, sealed));
  const auto refused = [&](auto edit, const char* what) {
    SealContext other = context;
    edit(other);
    const auto opened = unseal(key, other, sealed);
    ASSERT_FALSE(opened) << what;
    EXPECT_EQ(opened.error().code, Code::kDenied) << what;
  };
  refused([](SealContext& c) { c.installation.bytes[15] = std::byte{1}; }, "installation");
  refused([](SealContext& c) { c.kind = "instance"; }, "kind");
  refused([](SealContext& c) { c.record.bytes[0] ^= std::byte{1}; }, "record");
  refused([](SealContext& c) { c.field = "secrets.other"; }, "field");
  refused([](SealContext& c) { c.destination = "https://api.example.test:444"; }, "destination");
  refused([](SealContext& c) { c.destination = ""; }, "no destination");
  refused([](SealContext& c) { c.epoch = 4; }, "older epoch");
  refused([](SealContext& c) { c.epoch = 6; }, "newer epoch");
  // The same letters in other fields: the lengths tell them apart.
  refused([](SealContext& c) { c.kind = "datasourcesecrets.", c.field = "token"; }, "shifted");
}

TEST(SealTest, derives_a_key_per_purpose) {
  const Bytes master(32, std::byte{1}), salt(16, std::byte{2});
  const auto wrap = derive_key(master, salt, "wrap").value();
  EXPECT_EQ(wrap.size(), 32u);
  EXPECT_TRUE(constant_time_equal(wrap.view(), derive_key(master, salt, "wrap").value().view()));
  EXPECT_FALSE(constant_time_equal(wrap.view(), derive_key(master, salt, "csrf").value().view()));
  EXPECT_FALSE(constant_time_equal(wrap.view(), derive_key(master, Bytes(16), "wrap").value().view()));
}

class SealedValuesTest : public StoreTest {};

TEST_F(SealedValuesTest, five_hundred_values_refuse_every_mutation_of_one_byte) {
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  constexpr unsigned kStep = 37;  // of the 255 other values of each byte
#else
  constexpr unsigned kStep = 1;
#endif
  for (size_t i = 0; i < 500; ++i) {
    const SealContext context = context_of(i + 1);
    Bytes plain(i % 16);
    fill_random(plain);
    const Bytes sealed = keyring_->seal(context, plain).value();
    ASSERT_TRUE(constant_time_equal(keyring_->unseal(context, sealed).value().view(), plain));
    Bytes mutated = sealed;
    for (std::byte& byte : mutated) {
      const std::byte right = byte;
      for (unsigned by = 1; by < 256; by += kStep) {
        byte = right ^ static_cast<std::byte>(by);
        ASSERT_FALSE(keyring_->unseal(context, mutated)) << "value " << i << " byte " << &byte - mutated.data();
      }
      byte = right;
    }
  }
}

TEST_F(SealedValuesTest, refuse_every_truncation_and_extension) {
  const SealContext context = context_of();
  const Bytes sealed = keyring_->seal(context, as_bytes("a secret value")).value();
  for (size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(keyring_->unseal(context, ByteView(sealed).first(size))) << size;
  for (size_t cut = 1; cut < sealed.size(); ++cut)
    EXPECT_FALSE(keyring_->unseal(context, ByteView(sealed).subspan(cut))) << cut;
  Bytes longer = sealed;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(keyring_->unseal(context, longer));
}

TEST_F(SealedValuesTest, of_another_installation_do_not_open) {
  const SealContext context = context_of();
  const Bytes sealed = keyring_->seal(context, as_bytes("x")).value();
  const auto other_store = open_sqlite(folder_ / "other.db", SqliteOpen::kCreate).value();
  const auto other = Keyring::open(*other_store, masters(), as_bytes(kSalt), clock_.wall()).value();
  EXPECT_FALSE(other->unseal(context, sealed));
}

}  // namespace
}  // namespace sallyport::storage
