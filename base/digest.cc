#include "base/digest.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // the one-shot low-level SHA-256 avoids a fetch and an allocation per request
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <cstdlib>

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
  Sha256 out;
  unsigned length = 0;
  static constexpr std::byte kNothing{};  // OpenSSL takes a null key for "the key of last time"
  if (HMAC(EVP_sha256(), key.empty() ? &kNothing : key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(),
           reinterpret_cast<unsigned char*>(out.data()), &length) == nullptr)
    std::abort();
  return out;
}

}  // namespace sallyport
