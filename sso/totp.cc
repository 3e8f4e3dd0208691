#include "sso/totp.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/digest.h"
#include "base/random.h"

namespace sallyport::sso {
namespace {

constexpr uint32_t kModulus = 1'000'000;  // ten to the kTotpDigits
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t'; }

std::optional<uint32_t> value_of(std::string_view code) {
  uint32_t value = 0;
  size_t digits = 0;
  for (const char c : code) {
    if (is_space(c)) continue;
    if (!is_digit(c) || ++digits > kTotpDigits) return std::nullopt;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  return digits == kTotpDigits ? std::optional(value) : std::nullopt;
}

std::array<std::byte, 4> bytes_of(uint32_t value) {
  std::array<std::byte, 4> out;
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(value >> (24 - 8 * i));
  return out;
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
        c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
}

}  // namespace

Result<SecretBytes> new_totp_secret() {
  TRY(SecretBytes out, SecretBytes::of_size(kTotpKeyBytes));
  fill_random(out.span());
  return out;
}

uint32_t hotp_value(ByteView secret, uint64_t counter) {
  std::array<std::byte, 8> message;
  for (size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::byte>(counter >> (56 - 8 * i));
  const Sha1 mac = hmac_sha1(secret, message);
  const size_t offset = std::to_integer<size_t>(mac.back()) & 15;  // dynamic truncation
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<uint32_t>(mac[offset + i]);
  return (value & 0x7fff'ffff) % kModulus;
}

uint64_t totp_step_of(WallMicros time) {
  return static_cast<uint64_t>(count(time) / std::chrono::microseconds(kTotpStep).count());
}

bool looks_like_totp_code(std::string_view code) { return value_of(code).has_value(); }

std::optional<uint64_t> matching_totp_step(const SecretBytes& secret, std::string_view code, WallMicros now) {
  const auto typed = value_of(code);
  if (!typed) return std::nullopt;
  const uint64_t middle = totp_step_of(now);
  std::optional<uint64_t> out;
  for (uint64_t aside = 0; aside <= 2 * kTotpStepsAside; ++aside) {
    const uint64_t step = middle - kTotpStepsAside + aside;
    if (constant_time_equal(bytes_of(hotp_value(secret.view(), step)), bytes_of(*typed))) out = step;
  }
  return out;
}

Result<SecretBytes> base32_encode(ByteView bytes) {
  TRY(SecretBytes out, SecretBytes::of_size((bytes.size() * 8 + 4) / 5));
  size_t written = 0;
  uint32_t word = 0;
  int bits = 0;
  const auto put = [&](uint32_t five) { out.span()[written++] = static_cast<std::byte>(kBase32[five & 31]); };
  for (const std::byte byte : bytes) {
    word = word << 8 | std::to_integer<uint32_t>(byte);
    for (bits += 8; bits >= 5; bits -= 5) put(word >> (bits - 5));
  }
  if (bits > 0) put(word << (5 - bits));
  return out;
}

Result<SecretBytes> totp_uri(const SecretBytes& secret, std::string_view issuer, std::string_view account) {
  std::string front = "otpauth://totp/";
  append_escaped(front, issuer);
  front += ":";
  append_escaped(front, account);
  front += "?secret=";
  std::string back = "&issuer=";
  append_escaped(back, issuer);
  back += "&algorithm=SHA1&digits=6&period=30";
  TRY(const SecretBytes key, base32_encode(secret.view()));
  TRY(SecretBytes out, SecretBytes::of_size(front.size() + key.size() + back.size()));
  auto at = out.span().begin();
  for (const ByteView part : {as_bytes(front), key.view(), as_bytes(back)}) at = std::ranges::copy(part, at).out;
  return out;
}

}  // namespace sallyport::sso
