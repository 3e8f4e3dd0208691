// AES-256-GCM with a 96-bit IV and a 128-bit tag (NIST SP 800-38D), and HKDF-SHA256 (RFC 5869), over OpenSSL. Nothing
// here knows what a sealed value is. A context per thread is used again, so a call allocates nothing but its result.
#pragma once

#include "base/bytes.h"
#include "base/secret.h"

namespace sallyport::storage {

constexpr size_t kAesKeyBytes = 32;
constexpr size_t kGcmIvBytes = 12;
constexpr size_t kGcmTagBytes = 16;

// Writes ciphertext and tag to `out`, which holds plain.size() + kGcmTagBytes.   errors: kInternal wrong sizes.
Result<void> gcm_encrypt(ByteView key, ByteView iv, ByteView aad, ByteView plain, std::span<std::byte> out);
// sealed: ciphertext and tag; `out` holds sealed.size() - kGcmTagBytes and is wiped when the tag does not fit.
// errors: kDenied the tag does not fit; kInternal wrong sizes.
Result<void> gcm_decrypt(ByteView key, ByteView iv, ByteView aad, ByteView sealed, std::span<std::byte> out);

// errors: kInternal.   size: at most 255 * 32.
Result<SecretBytes> hkdf_sha256(ByteView input_key, ByteView salt, ByteView info, size_t size);

}  // namespace sallyport::storage
