// Known answers: the GCM specification's test cases for AES-256 (13 to 16), NIST's gcmEncryptExtIV256 samples, RFC
// 5869.
#include "storage/aes_gcm.h"

#include <gtest/gtest.h>

namespace sallyport::storage {
namespace {

struct GcmVector {
  const char* name;
  const char* key;
  const char* iv;
  const char* aad;
  const char* plain;
  const char* cipher;
  const char* tag;
};

constexpr const char* kZeroKey = "0000000000000000000000000000000000000000000000000000000000000000";
constexpr const char* kKey15 = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";

const GcmVector kVectors[] = {
    {"spec 13", kZeroKey, "000000000000000000000000", "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"spec 14", kZeroKey, "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {"spec 15", kKey15, "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"spec 16", kKey15, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
    {"NIST empty", "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4", "516c33929df5a3284ff463d7", "",
     "", "", "bdc1ac884d332457a1d2664f168c76f0"},
    {"NIST 128", "31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22", "0d18e06c7c725ac9e362e1ce", "",
     "2db5168e932556f8089a0622981d017d", "fa4362189661d163fcd6a56d8bf0405a", "d636ac1bbedd5cc3ee727dc2ab4a9489"},
};

Bytes hex(const char* text) { return hex_decode(text).value(); }

TEST(AesGcmTest, encrypts_to_the_known_answers) {
  for (const GcmVector& vector : kVectors) {
    const Bytes plain = hex(vector.plain);
    Bytes out(plain.size() + kGcmTagBytes);
    ASSERT_TRUE(gcm_encrypt(hex(vector.key), hex(vector.iv), hex(vector.aad), plain, out)) << vector.name;
    EXPECT_EQ(hex_encode(out), std::string(vector.cipher) + vector.tag) << vector.name;
  }
}

TEST(AesGcmTest, decrypts_the_known_answers) {
  for (const GcmVector& vector : kVectors) {
    const Bytes sealed = hex((std::string(vector.cipher) + vector.tag).c_str());
    Bytes out(sealed.size() - kGcmTagBytes);
    ASSERT_TRUE(gcm_decrypt(hex(vector.key), hex(vector.iv), hex(vector.aad), sealed, out)) << vector.name;
    EXPECT_EQ(hex_encode(out), vector.plain) << vector.name;
  }
}

TEST(AesGcmTest, refuses_any_flipped_bit_of_the_known_answers_and_gives_nothing_out) {
  for (const GcmVector& vector : kVectors) {
    const Bytes sealed = hex((std::string(vector.cipher) + vector.tag).c_str());
    for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
      Bytes flipped = sealed;
      flipped[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
      Bytes out(sealed.size() - kGcmTagBytes, std::byte{0x55});
      const auto opened = gcm_decrypt(hex(vector.key), hex(vector.iv), hex(vector.aad), flipped, out);
      ASSERT_FALSE(opened) << vector.name;
      EXPECT_EQ(opened.error().code, Code::kDenied);
      EXPECT_EQ(out, Bytes(out.size())) << "text of a value whose tag does not fit";
    }
  }
}

TEST(AesGcmTest, refuses_wrong_sizes) {
  const Bytes key(32), iv(12), plain(5);
  Bytes out(21);
  EXPECT_TRUE(gcm_encrypt(key, iv, {}, plain, out));
  EXPECT_FALSE(gcm_encrypt(Bytes(16), iv, {}, plain, out));
  EXPECT_FALSE(gcm_encrypt(key, Bytes(16), {}, plain, out));
  Bytes short_out(20);
  EXPECT_FALSE(gcm_encrypt(key, iv, {}, plain, short_out));
  EXPECT_FALSE(gcm_decrypt(key, iv, {}, Bytes(15), {}));
}

TEST(HkdfTest, derives_the_known_answers) {
  struct Vector {
    std::string input, salt, info, output;
  };
  const auto counting = [](int first, int last) {
    Bytes out;
    for (int i = first; i <= last; ++i) out.push_back(static_cast<std::byte>(i));
    return hex_encode(out);
  };
  const std::string input(44, '0');
  std::string b;
  for (int i = 0; i < 22; ++i) b += "0b";
  const Vector vectors[] = {
      {b, counting(0, 12), counting(0xf0, 0xf9),
       "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
      {counting(0, 0x4f), counting(0x60, 0xaf), counting(0xb0, 0xff),
       "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
       "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
      {b, "", "", "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
  };
  for (const Vector& vector : vectors) {
    const auto out = hkdf_sha256(hex(vector.input.c_str()), hex(vector.salt.c_str()), hex(vector.info.c_str()),
                                 vector.output.size() / 2);
    ASSERT_TRUE(out);
    EXPECT_EQ(hex_encode(out->view()), vector.output);
  }
}

}  // namespace
}  // namespace sallyport::storage
