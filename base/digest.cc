#include "base/digest.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // the one-shot low-level SHA-256 avoids a fetch and an allocation per request
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace sallyport {

Sha256 sha256(std::initializer_list<ByteView> parts) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const ByteView part : parts) SHA256_Update(&context, part.data(), part.size());
  Sha256 out;
  SHA256_Final(reinterpret_cast<unsigned char*>(out.data()), &context);
  OPENSSL_cleanse(&context, sizeof context);
  return out;
}

std::array<std::byte, 20> sha1(ByteView message) {
  std::array<std::byte, 20> out;
  SHA1(reinterpret_cast<const unsigned char*>(message.data()), message.size(),
       reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

Sha256 hmac_sha256(ByteView key, ByteView message) {
  constexpr size_t kBlock = 64;  // RFC 2104 s2, with SHA-256
  std::array<std::byte, kBlock> inner{};
  Sha256 short_key = key.size() > kBlock ? sha256({key}) : Sha256{};
  std::ranges::copy(key.size() > kBlock ? ByteView(short_key) : key, inner.begin());
  auto outer = inner;
  for (std::byte& byte : inner) byte ^= std::byte{0x36};
  for (std::byte& byte : outer) byte ^= std::byte{0x5c};
  const Sha256 within = sha256({ByteView(inner), message});
  const Sha256 out = sha256({ByteView(outer), ByteView(within)});
  OPENSSL_cleanse(short_key.data(), short_key.size());
  OPENSSL_cleanse(inner.data(), inner.size());
  OPENSSL_cleanse(outer.data(), outer.size());
  return out;
}

}  // namespace sallyport
