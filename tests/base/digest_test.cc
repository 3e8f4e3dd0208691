// SHA-256 and HMAC-SHA-256 against the published vectors.
#include "base/digest.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

using std::string;

string hex(const Sha256& digest) { return hex_encode(digest); }

TEST(sha256, agrees_with_fips_180_4) {
  EXPECT_EQ(hex(sha256(as_bytes(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(as_bytes(string(1000000, 'a')))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sha256, joins_its_parts) {
  EXPECT_EQ(sha256({as_bytes("a"), as_bytes(""), as_bytes("bc")}), sha256(as_bytes("abc")));
  EXPECT_EQ(sha256(std::initializer_list<ByteView>{}), sha256(as_bytes("")));
  EXPECT_NE(sha256({as_bytes("ab"), as_bytes("d")}), sha256(as_bytes("abc")));
}

TEST(hmac_sha256, agrees_with_rfc_4231) {
  const struct {
    string key;
    string message;
    const char* mac;
  } table[] = {
      {string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {string(20, '\xaa'), string(50, '\xdd'), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
  };
  for (const auto& c : table) EXPECT_EQ(hex(hmac_sha256(as_bytes(c.key), as_bytes(c.message))), c.mac);
  EXPECT_EQ(hex(hmac_sha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(sha1, joins_its_parts) {
  EXPECT_EQ(hex_encode(sha1(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1({as_bytes("a"), as_bytes(""), as_bytes("bc")}), sha1(as_bytes("abc")));
}

TEST(hmac_sha1, agrees_with_rfc_2202) {
  const struct {
    string key;
    string message;
    const char* mac;
  } table[] = {
      {string(20, '\x0b'), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
      {"Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
      {string(20, '\xaa'), string(50, '\xdd'), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
      {string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
  };
  for (const auto& c : table) EXPECT_EQ(hex_encode(hmac_sha1(as_bytes(c.key), as_bytes(c.message))), c.mac);
}

}  // namespace
}  // namespace sallyport
