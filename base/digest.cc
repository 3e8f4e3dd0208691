#include "base/digest.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // the one-shot low-level SHA-256 avoids a fetch and an allocation per request
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace sallyport {
namespace {

constexpr size_t kBlock = 64;  // RFC 2104 s2, with either digest

template <class Digest, Digest (*digest_of)(std::initializer_list<ByteView>)>
Digest hmac(ByteView key, ByteView message) {
  std::array<std::byte, kBlock> inner{};
  Digest short_key = key.size() > kBlock ? digest_of({key}) : Digest{};
  std::ranges::copy(key.size() > kBlock ? ByteView(short_key) : key, inner.begin());
  auto outer = inner;
  for (std::byte& byte : inner) byte ^= std::byte{0x36};
  for (std::byte& byte : outer) byte ^= std::byte{0x5c};
  const Digest within = digest_of({ByteView(inner), message});
  const Digest out = digest_of({ByteView(outer), ByteView(within)});
  OPENSSL_cleanse(short_key.data(), short_key.size());
  OPENSSL_cleanse(inner.data(), inner.size());
  OPENSSL_cleanse(outer.data(), outer.size());
  return out;
}

}  // namespace

Sha256 sha256(std::initializer_list<ByteView> parts) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const ByteView part : parts) SHA256_Update(&context, part.data(), part.size());
  Sha256 out;
  SHA256_Final(reinterpret_cast<unsigned char*>(out.data()), &context);
  OPENSSL_cleanse(&context, sizeof context);
  return out;
}

Sha1 sha1(std::initializer_list<ByteView> parts) {
  SHA_CTX context;
  SHA1_Init(&context);
  for (const ByteView part : parts) SHA1_Update(&context, part.data(), part.size());
  Sha1 out;
  SHA1_Final(reinterpret_cast<unsigned char*>(out.data()), &context);
  OPENSSL_cleanse(&context, sizeof context);
  return out;
}

Sha256 hmac_sha256(ByteView key, ByteView message) { return hmac<Sha256, sha256>(key, message); }
Sha1 hmac_sha1(ByteView key, ByteView message) { return hmac<Sha1, sha1>(key, message); }

}  // namespace sallyport
