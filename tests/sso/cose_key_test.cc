#include "sso/cose_key.h"

#include <gtest/gtest.h>

#include "tests/sso/software_authenticator.h"

namespace sallyport::sso {
namespace {

constexpr int64_t kAlgorithms[] = {-7, -8, -257};

std::string why(const Result<CoseKey>& key) { return key ? "taken" : key.error().what; }

TEST(CoseKey, takes_a_key_of_each_algorithm_and_its_signatures) {
  for (const int64_t algorithm : kAlgorithms) {
    const SoftwareKey mine(algorithm), other(algorithm);
    const CoseKey key = CoseKey::read(mine.cose()).value();
    EXPECT_EQ(static_cast<int64_t>(key.algorithm()), algorithm);
    const Bytes message(100, std::byte{7});
    const Bytes signature = mine.sign(message);
    EXPECT_TRUE(key.verify(message, signature));
    EXPECT_FALSE(key.verify(message, other.sign(message)));
    EXPECT_FALSE(key.verify(message + Bytes{std::byte{0}}, signature));
    EXPECT_FALSE(key.verify(message, signature + Bytes{std::byte{0}})) << "bytes behind it";
    EXPECT_FALSE(key.verify(message, {}));
    for (size_t i = 0; i < signature.size(); ++i) {
      Bytes flipped = signature;
      flipped[i] ^= std::byte{1};
      EXPECT_FALSE(key.verify(message, flipped)) << algorithm << " at " << i;
      EXPECT_FALSE(key.verify(message, ByteView(signature).first(i))) << algorithm << " cut at " << i;
    }
  }
}

TEST(CoseKey, another_algorithms_signature_is_refused) {
  const Bytes message(32, std::byte{1});
  for (const int64_t mine : kAlgorithms)
    for (const int64_t other : kAlgorithms)
      if (mine != other) {
        EXPECT_FALSE(CoseKey::read(SoftwareKey(mine).cose())->verify(message, SoftwareKey(other).sign(message)));
      }
}

TEST(CoseKey, is_read_whole_and_with_nothing_behind_it) {
  for (const int64_t algorithm : kAlgorithms) {
    const Bytes whole = SoftwareKey(algorithm).cose();
    for (size_t i = 0; i < whole.size(); ++i) EXPECT_FALSE(CoseKey::read(ByteView(whole).first(i))) << i;
    const Bytes more = whole + Bytes{std::byte{0}};
    EXPECT_EQ(why(CoseKey::read(more)), "bytes behind a COSE key");
    EXPECT_EQ(CoseKey::read_front(more)->size(), whole.size());
  }
}

TEST(CoseKey, an_algorithm_is_one_of_the_list_and_has_its_own_kind_of_key) {
  const Bytes x(32, std::byte{1});
  const Bytes ec = SoftwareKey(-7).cose();
  const auto told = [](Bytes cose, size_t at, std::string_view hex) {  // the algorithm stands at byte 4
    const Bytes value = unhex(hex);
    cose.erase(cose.begin() + static_cast<long>(at));
    cose.insert(cose.begin() + static_cast<long>(at), value.begin(), value.end());
    return cose;
  };
  for (const char* unlisted : {"3822", "3823", "382e", "3824", "390100", "3903e6", "01", "20"}) {
    const std::string reason = why(CoseKey::read(told(ec, 4, unlisted)));
    EXPECT_EQ(reason, std::string_view(unlisted) == "390100" ? "a COSE key of another type than its algorithm's"
                                                             : "an algorithm that was not offered")
        << unlisted;
  }
  EXPECT_EQ(why(CoseKey::read(told(ec, 4, "27"))), "a COSE key of another type than its algorithm's") << "-8";
  EXPECT_EQ(why(CoseKey::read(ec2_cose(x, x, -7, 2))), "an ES256 key that is not on P-256");
  EXPECT_EQ(why(CoseKey::read(ec2_cose(x, x, -7, 8))), "an ES256 key that is not on P-256") << "secp256k1";
  EXPECT_EQ(why(CoseKey::read(okp_cose(x, -8, 7))), "an EdDSA key that is not on Ed25519");
  EXPECT_EQ(why(CoseKey::read(okp_cose(x, -8, 4))), "an EdDSA key that is not on Ed25519") << "X25519";
  EXPECT_EQ(why(CoseKey::read(okp_cose(x, -7, 1))), "a COSE key of another type than its algorithm's");
}

TEST(CoseKey, members_stand_in_one_order_and_there_are_no_others) {
  const Bytes whole = SoftwareKey(-8).cose();
  const std::string good =
      "a4"
      "0101"
      "0327"
      "2006"
      "215820";
  const std::string tail = hex_encode(ByteView(whole).last(32));
  EXPECT_EQ(why(CoseKey::read(unhex(good + tail))), "taken");
  for (const char* other : {"a4"
                            "0327"
                            "0101"
                            "2006"
                            "215820",
                            "a4"
                            "0101"
                            "2006"
                            "0327"
                            "215820",
                            "a4"
                            "0101"
                            "0101"
                            "2006"
                            "215820",
                            "a5"
                            "0101"
                            "0327"
                            "2006"
                            "0480"
                            "215820",
                            "a5"
                            "0101"
                            "0327"
                            "2006"
                            "215820",
                            "a3"
                            "0101"
                            "0327"
                            "2006"
                            "215820",
                            "bf"
                            "0101"
                            "0327"
                            "2006"
                            "215820",
                            "a4"
                            "180101"
                            "0327"
                            "2006"
                            "215820",
                            "a4"
                            "0101"
                            "0327"
                            "2006"
                            "215920",
                            "a4"
                            "0101"
                            "0327"
                            "2006"
                            "21590020",
                            "a4"
                            "6131"
                            "01"
                            "0327"
                            "2006"
                            "215820",
                            "84"
                            "0101"
                            "0327"
                            "2006"
                            "215820"})
    EXPECT_NE(why(CoseKey::read(unhex(other + tail))), "taken") << other;
}

TEST(CoseKey, points_that_are_none_are_refused) {
  const Bytes zero(32), whole = SoftwareKey(-7).cose();
  const Bytes y(whole.end() - 32, whole.end()), right(whole.begin() + 10, whole.begin() + 42);
  EXPECT_EQ(why(CoseKey::read(ec2_cose(right, y))), "taken");
  EXPECT_EQ(why(CoseKey::read(ec2_cose(zero, zero))), "not a point of P-256");
  EXPECT_EQ(why(CoseKey::read(ec2_cose(y, right))), "not a point of P-256");
  for (size_t i = 0; i < 32; ++i) {
    Bytes off = y;
    off[i] ^= std::byte{0x10};
    EXPECT_EQ(why(CoseKey::read(ec2_cose(right, off))), "not a point of P-256") << i;
  }
  const Bytes p = unhex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
  EXPECT_EQ(why(CoseKey::read(ec2_cose(p, y))), "not a point of P-256") << "not reduced";
  EXPECT_EQ(why(CoseKey::read(ec2_cose(ByteView(right).first(31), y))), "a P-256 coordinate has 32 bytes");
}

TEST(CoseKey, ed25519_points_off_the_curve_and_of_small_order_are_refused) {
  // Of order 8, 4, 2 and 1, with both signs of x; and numbers that are not below p.
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0000000000000000000000000000000000000000000000000000000000000080",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000080",
                          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                          "0200000000000000000000000000000000000000000000000000000000000000"})
    EXPECT_EQ(why(CoseKey::read(okp_cose(unhex(hex)))), "not a point of Ed25519, or one of small order") << hex;
  // RFC 8032 s7.1, tests 1 to 3, and their signatures.
  EXPECT_EQ(why(CoseKey::read(okp_cose(unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")))),
            "taken");
  const CoseKey key =
      CoseKey::read(okp_cose(unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))).value();
  EXPECT_TRUE(key.verify(unhex("72"), unhex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")));
}

TEST(CoseKey, half_of_all_numbers_are_on_ed25519) {
  int taken = 0;
  for (int i = 0; i < 200; ++i) taken += CoseKey::read(okp_cose(random_bytes<32>())).has_value();
  EXPECT_GT(taken, 60);
  EXPECT_LT(taken, 140);
}

TEST(CoseKey, rsa_keys_have_an_ordinary_size_and_exponent) {
  const Bytes f4 = unhex("010001");
  const auto modulus = [](size_t bytes) {
    Bytes out(bytes, std::byte{0x55});
    out.front() = std::byte{0x80};
    return out;
  };
  EXPECT_EQ(why(CoseKey::read(rsa_cose(modulus(256), f4))), "taken");
  EXPECT_EQ(why(CoseKey::read(rsa_cose(modulus(512), f4))), "taken");
  EXPECT_EQ(why(CoseKey::read(rsa_cose(modulus(255), f4))), "an RSA key of another size");
  EXPECT_EQ(why(CoseKey::read(rsa_cose(modulus(513), f4))), "an RSA key of another size");
  EXPECT_EQ(why(CoseKey::read(rsa_cose({}, f4))), "an RSA key of another size");
  for (const char* exponent : {"", "01", "03", "00010001", "010000", "010003"})
    EXPECT_EQ(why(CoseKey::read(rsa_cose(modulus(256), unhex(exponent)))), "an RSA key whose exponent is not 65537");
  Bytes small = modulus(256), even = modulus(256);
  small.front() = std::byte{0x7f};
  even.back() = std::byte{0x54};
  EXPECT_EQ(why(CoseKey::read(rsa_cose(small, f4))), "not the modulus of an RSA key");
  EXPECT_EQ(why(CoseKey::read(rsa_cose(even, f4))), "not the modulus of an RSA key");
}

}  // namespace
}  // namespace sallyport::sso
