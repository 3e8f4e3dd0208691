#include "base/record_id.h"

#include "base/random.h"

namespace sallyport {
namespace {
constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
}

RecordId RecordId::random() { return {random_bytes<16>()}; }

std::string RecordId::to_string() const {
  std::string out;
  uint32_t word = 0;
  int bits = 0;
  for (const std::byte byte : bytes) {
    word = word << 8 | static_cast<uint32_t>(byte);
    for (bits += 8; bits >= 5; bits -= 5) out += kAlphabet[word >> (bits - 5) & 31];
  }
  out += kAlphabet[word << (5 - bits) & 31];  // 128 = 25 * 5 + 3
  return out;
}

Result<RecordId> RecordId::parse(std::string_view text) {
  if (text.size() != 26) return malformed(Side::kClient, "a record id has 26 characters");
  RecordId out;
  size_t filled = 0;
  uint32_t word = 0;
  int bits = 0;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == kAlphabet.npos) return malformed(Side::kClient, "a record id has a foreign character");
    word = word << 5 | static_cast<uint32_t>(value);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out.bytes[filled++] = static_cast<std::byte>(word >> bits & 0xff);
    }
  }
  if ((word & ((1u << bits) - 1)) != 0) return malformed(Side::kClient, "a record id has stray trailing bits");
  return out;
}

}  // namespace sallyport
