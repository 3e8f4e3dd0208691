// SHA-256, SHA-1 and HMAC over spans (FIPS 180-4, RFC 2104). No allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <initializer_list>

#include "base/bytes.h"

namespace sallyport {

using Sha256 = std::array<std::byte, 32>;

// The digest of the parts, one after the other. About 0.2 us for a short message.
Sha256 sha256(std::initializer_list<ByteView> parts);
inline Sha256 sha256(ByteView message) { return sha256({message}); }
Sha256 hmac_sha256(ByteView key, ByteView message);

// SHA-1 is broken as a signature's digest. The WebSocket handshake (RFC 6455 s4.2.2) asks for it as a plain check sum,
// and HMAC-SHA-1, which that does not break, is what every authenticator app computes (RFC 4226 s5.2).
using Sha1 = std::array<std::byte, 20>;
Sha1 sha1(std::initializer_list<ByteView> parts);
inline Sha1 sha1(ByteView message) { return sha1({message}); }
Sha1 hmac_sha1(ByteView key, ByteView message);

// For hash tables keyed by a digest: its first word is already uniform.
struct Sha256Hash {
  size_t operator()(const Sha256& digest) const {
    size_t out;
    std::memcpy(&out, digest.data(), sizeof out);
    return out;
  }
};

}  // namespace sallyport
