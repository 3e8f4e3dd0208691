// Hex and base64 in both alphabets: the published vectors, and one spelling for each value.
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sallyport {
namespace {

using std::string;

TEST(hex, encodes_and_decodes) {
  EXPECT_EQ(hex_encode(as_bytes(std::string_view("\x00\x0f\xa5\xff", 4))), "000fa5ff");
  EXPECT_EQ(hex_encode({}), "");
  EXPECT_EQ(to_text(*hex_decode("666f6F")), "foo");
  EXPECT_TRUE(hex_decode("")->empty());
  for (const char* text : {"0", "0g", "g0", " 0", "0x", "00 ", "-1", "0\xff"})
    EXPECT_FALSE(hex_decode(text).has_value()) << text;
}

// RFC 4648 s10.
const std::pair<const char*, const char*> kVectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

TEST(base64, agrees_with_the_published_vectors) {
  for (const auto& [plain, encoded] : kVectors) {
    EXPECT_EQ(base64_encode(as_bytes(plain)), encoded);
    EXPECT_EQ(to_text(*base64_decode(encoded)), plain);
    string unpadded = encoded;
    while (unpadded.ends_with('=')) unpadded.pop_back();
    EXPECT_EQ(base64url_encode(as_bytes(plain)), unpadded);
    EXPECT_EQ(to_text(*base64url_decode(unpadded)), plain);
  }
  EXPECT_EQ(base64_encode(as_bytes("\xfb\xff\xfe")), "+//+");
  EXPECT_EQ(base64url_encode(as_bytes("\xfb\xff\xfe")), "-__-");
}

TEST(base64, has_one_spelling_for_each_value) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "=", "==", "====", "Z===", "Zm9vYg=", "Zh==", "Zm9=", "Zm8=\n",
                           " Zm8=", "Zm 8=", "Zm8-", "Zm8_", "Zg==Zg==", "Zm9vZ", "Z\xff==", "Zg=a"})
    EXPECT_FALSE(base64_decode(text).has_value()) << text;
  for (const char* text : {"Zg==", "Zm8=", "Zh", "Zm9", "Z", "Zm+v", "Zm/v", "Zg ", "Zm9vZ"})
    EXPECT_FALSE(base64url_decode(text).has_value()) << text;
}

TEST(base64, returns_what_it_was_given) {
  std::mt19937 random(1);
  for (size_t length = 0; length < 200; ++length) {
    string bytes(length, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_EQ(to_text(*base64_decode(base64_encode(as_bytes(bytes)))), bytes);
    EXPECT_EQ(to_text(*base64url_decode(base64url_encode(as_bytes(bytes)))), bytes);
    EXPECT_EQ(to_text(*hex_decode(hex_encode(as_bytes(bytes)))), bytes);
  }
}

TEST(constant_time_equal, compares_length_and_bytes) {
  EXPECT_TRUE(constant_time_equal({}, {}));
  EXPECT_TRUE(constant_time_equal(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(constant_time_equal(as_bytes("abc"), as_bytes("ab")));
  EXPECT_FALSE(constant_time_equal(as_bytes(""), as_bytes("a")));
}

}  // namespace
}  // namespace sallyport
