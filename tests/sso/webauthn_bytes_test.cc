// Answers of Web Authentication byte by byte: flipped, cut, with more behind them, in another order.
#include "tests/sso/webauthn_asking.h"

namespace sallyport::sso {
namespace {

TEST(WebauthnBytes, every_byte_of_an_assertion_counts) {
  for (const int64_t algorithm : kAlgorithms) {
    const SoftwareAuthenticator device{.key = SoftwareKey(algorithm)};
    const KnownCredential known = known_of(device, 6);
    const std::string client = device.client_data("webauthn.get", kChallenge);
    const Bytes data = device.assertion_data();
    const Bytes signature = device.key.sign(data + sha256(as_bytes(client)));
    ASSERT_EQ(why(signs_in(device.assertion_of(client, data, signature), known)), "taken");
    for (size_t i = 0; i < data.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        Bytes flipped = data;
        flipped[i] ^= static_cast<std::byte>(1 << bit);
        EXPECT_NE(why(signs_in(device.assertion_of(client, flipped, signature), known)), "taken") << i << " " << bit;
      }
      EXPECT_NE(
          why(signs_in(device.assertion_of(client, {data.begin(), data.begin() + static_cast<long>(i)}, signature),
                       known)),
          "taken");
    }
    for (size_t i = 0; i < signature.size(); ++i)
      for (int bit = 0; bit < 8; bit += 3) {
        Bytes flipped = signature;
        flipped[i] ^= static_cast<std::byte>(1 << bit);
        EXPECT_EQ(why(signs_in(device.assertion_of(client, data, flipped), known)), "a wrong signature")
            << i << " " << bit;
      }
    for (size_t i = 0; i < client.size(); ++i) {
      std::string flipped = client;
      flipped[i] ^= 1;
      EXPECT_NE(why(signs_in(device.assertion_of(flipped, data, signature), known)), "taken") << i;
    }
    EXPECT_EQ(why(signs_in(device.assertion_of(client, data + Bytes{std::byte{0}}), known)),
              "bytes behind the authenticator data");
    // Spelled in another way, and so not what was signed.
    EXPECT_EQ(why(signs_in(device.assertion_of(client + " ", data, signature), known)), "a wrong signature");
  }
}

TEST(WebauthnBytes, a_registration_cut_anywhere_or_with_more_behind_it_is_refused) {
  for (const int64_t algorithm : kAlgorithms) {
    const SoftwareAuthenticator device{.key = SoftwareKey(algorithm)};
    const std::string client = device.client_data("webauthn.create", kChallenge);
    const Bytes data = device.registration_data(), object = device.attestation_object(data);
    for (size_t i = 0; i < object.size(); ++i)
      EXPECT_NE(why(registers(device.registration_of(client, ByteView(object).first(i)))), "taken") << i;
    for (size_t i = 0; i < data.size(); ++i)
      EXPECT_NE(why(registers(device.registration_of(client, device.attestation_object(ByteView(data).first(i))))),
                "taken")
          << i;
    EXPECT_EQ(why(registers(device.registration_of(client, object + Bytes{std::byte{0}}))),
              "bytes behind the attestation object");
    EXPECT_EQ(why(registers(device.registration_of(client, device.attestation_object(data + Bytes{std::byte{0}})))),
              "bytes behind the authenticator data");
  }
}

// With attestation `none` nothing vouches for a registration but the page that it came from: a bit that is flipped on
// the way either breaks it, or is registered as it came.
TEST(WebauthnBytes, a_flipped_bit_of_a_registration_is_refused_or_is_what_is_registered) {
  const SoftwareAuthenticator device;
  const std::string client = device.client_data("webauthn.create", kChallenge);
  const Bytes data = device.registration_data();
  constexpr size_t kFlags = 32, kCounter = 33, kAaguid = 37, kIdLength = 53, kId = 55;
  for (size_t i = 0; i < data.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = data;
      flipped[i] ^= static_cast<std::byte>(1 << bit);
      const auto result = registers(device.registration_of(client, device.attestation_object(flipped)));
      const bool free =
          (i == kFlags && (bit == 1 || bit == 2 || bit == 3 || bit == 5)) || (i >= kCounter && i < kIdLength);
      EXPECT_EQ(result.has_value(), free) << i << " " << bit;
      if (!result) continue;
      EXPECT_EQ(result->id, device.id);
      EXPECT_EQ(result->public_key, device.key.cose());
      EXPECT_EQ(result->counter == device.counter, i < kCounter || i >= kAaguid);
      EXPECT_EQ(result->verifies_user, !(i == kFlags && bit == 2));
    }
  static_assert(kId == kIdLength + 2);
}

TEST(WebauthnBytes, an_attestation_object_has_three_members_once_each_in_any_order) {
  const SoftwareAuthenticator device;
  const std::string client = device.client_data("webauthn.create", kChallenge);
  const Bytes format = cbor_text("fmt") + cbor_text("none"), statement = cbor_text("attStmt") + unhex("a0"),
              data = cbor_text("authData") + cbor_bytes(device.registration_data()),
              more = cbor_text("epAtt") + unhex("f5");
  const auto with = [&](const Bytes& object) { return why(registers(device.registration_of(client, object))); };
  EXPECT_EQ(with(cbor_head(5, 3) + format + statement + data), "taken");
  EXPECT_EQ(with(cbor_head(5, 3) + data + format + statement), "taken");
  EXPECT_EQ(with(cbor_head(5, 3) + format + data + data), "an attestation object with another member, or one twice");
  EXPECT_EQ(with(cbor_head(5, 3) + format + format + data), "an attestation object with another member, or one twice");
  EXPECT_EQ(with(cbor_head(5, 3) + format + more + data), "an attestation object with another member, or one twice");
  EXPECT_EQ(with(cbor_head(5, 2) + format + data), "an attestation object has three members");
  EXPECT_EQ(with(cbor_head(5, 4) + format + statement + data + more), "an attestation object has three members");
  EXPECT_EQ(with(unhex("bf") + format + statement + data + unhex("ff")), "CBOR of indefinite length, or reserved");
  for (const char* hostile :
       {"bbffffffffffffffff", "9bffffffffffffffff", "5bffffffffffffffff", "a363666d747bffffffffffffffff", "a3"})
    EXPECT_NE(with(unhex(hostile)), "taken") << hostile;
  std::string abyss =
      "a3676174745374"
      "6d74";
  for (int i = 0; i < 4000; ++i) abyss += "a16161";
  EXPECT_NE(with(unhex(abyss)), "taken");
}

}  // namespace
}  // namespace sallyport::sso
