#include "base/bytes.h"

#include <openssl/crypto.h>

#include <array>
#include <cstdint>

namespace sallyport {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<int8_t, 256> inverse(std::string_view alphabet) {
  std::array<int8_t, 256> table{};
  for (auto& entry : table) entry = -1;
  for (size_t i = 0; i < alphabet.size(); ++i) table[static_cast<uint8_t>(alphabet[i])] = static_cast<int8_t>(i);
  return table;
}
constexpr auto kStandardInverse = inverse(kStandard);
constexpr auto kUrlSafeInverse = inverse(kUrlSafe);

std::string encode(ByteView bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  size_t i = 0;
  const auto at = [&](size_t k) { return static_cast<uint32_t>(bytes[k]); };
  for (; i + 3 <= bytes.size(); i += 3) {
    const uint32_t word = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    for (int shift = 18; shift >= 0; shift -= 6) out += alphabet[word >> shift & 63];
  }
  if (const size_t rest = bytes.size() - i; rest > 0) {
    const uint32_t word = at(i) << 16 | (rest == 2 ? at(i + 1) << 8 : 0);
    out += alphabet[word >> 18 & 63];
    out += alphabet[word >> 12 & 63];
    if (rest == 2) out += alphabet[word >> 6 & 63];
    if (pad) out.append(3 - rest, '=');
  }
  return out;
}

Result<Bytes> decode(std::string_view text, const std::array<int8_t, 256>& table, bool pad) {
  if (pad) {
    if (text.size() % 4 != 0) return malformed(Side::kClient, "base64 length is not a multiple of four");
    if (text.ends_with("=="))
      text.remove_suffix(2);
    else if (text.ends_with('='))
      text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return malformed(Side::kClient, "base64 length is impossible");
  Bytes out;
  out.reserve(text.size() / 4 * 3 + 2);
  uint32_t word = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = table[static_cast<uint8_t>(c)];
    if (value < 0) return malformed(Side::kClient, "base64 has a foreign character");
    word = word << 6 | static_cast<uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::byte>(word >> bits & 0xff));
    }
  }
  if ((word & ((1u << bits) - 1)) != 0) return malformed(Side::kClient, "base64 has stray trailing bits");
  return out;
}

}  // namespace

std::string hex_encode(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    out += kDigits[static_cast<uint8_t>(byte) >> 4];
    out += kDigits[static_cast<uint8_t>(byte) & 15];
  }
  return out;
}

Result<Bytes> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return malformed(Side::kClient, "hex has an odd length");
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  Bytes out;
  out.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return malformed(Side::kClient, "hex has a foreign character");
    out.push_back(static_cast<std::byte>(high << 4 | low));
  }
  return out;
}

std::string base64_encode(ByteView bytes) { return encode(bytes, kStandard, true); }
std::string base64url_encode(ByteView bytes) { return encode(bytes, kUrlSafe, false); }
Result<Bytes> base64_decode(std::string_view text) { return decode(text, kStandardInverse, true); }
Result<Bytes> base64url_decode(std::string_view text) { return decode(text, kUrlSafeInverse, false); }

bool constant_time_equal(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sallyport
