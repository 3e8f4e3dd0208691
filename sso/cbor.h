// CBOR (RFC 8949) as authenticators have to write it (CTAP 2.1 s8, "CTAP2 canonical CBOR encoding form"): definite
// lengths in their shortest form, no tags, nothing nested deeper than a few levels. A reader over bytes that somebody
// else owns: it allocates nothing, and never reads past their end. What it does not take is kMalformed.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace sallyport::sso {

constexpr int kCborDepthMax = 8;  // CTAP allows 4; an attestation object stands around one of those

class CborReader {
 public:
  explicit CborReader(ByteView input) : rest_(input) {}

  // Each of these reads the item that comes next; another type than is asked for is malformed.
  Result<int64_t> integer();
  Result<ByteView> bytes();         // a view into the input
  Result<std::string_view> text();  // the same; not checked to be UTF-8
  Result<size_t> map();             // so many pairs follow
  // Reads over one item of any type, with all that is in it.   cost: one pass, and a frame per level.
  Result<void> skip() { return skip(kCborDepthMax); }

  ByteView rest() const { return rest_; }

 private:
  enum class Major : uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };  // RFC 8949 s3.1
  struct Head {
    Major major;
    uint8_t extra;   // how many bytes the argument took
    uint64_t value;  // the argument
  };
  Result<Head> head();
  Result<Head> head_of(Major wanted);
  Result<ByteView> take(uint64_t count);
  Result<void> skip(int depth);

  ByteView rest_;
};

}  // namespace sallyport::sso
