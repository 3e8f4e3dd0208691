// Codes of authenticator apps: TOTP (RFC 6238) over HOTP (RFC 4226), with what every app takes: HMAC-SHA-1, six digits,
// steps of 30 seconds, a key of 160 random bits. Pure but for new_totp_secret().
//
// Which step a code was of is what makes it work once: whoever accepts one keeps the step, and no code of that step or
// of an older one counts again (RFC 6238 s5.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace sallyport::sso {

constexpr size_t kTotpDigits = 6;
constexpr size_t kTotpKeyBytes = 20;  // RFC 4226 s4, R6
constexpr std::chrono::seconds kTotpStep{30};
constexpr uint64_t kTotpStepsAside = 1;  // a clock may be half a minute off (RFC 6238 s5.2)

// errors: kLimit no secret memory.
Result<SecretBytes> new_totp_secret();

// The value of a counter, below 10^6 (RFC 4226 s5.3).   cost: one HMAC.
uint32_t hotp_value(ByteView secret, uint64_t counter);

uint64_t totp_step_of(WallMicros time);  // RFC 6238 s4.2, T0 = 0

// The step that `code` is of, among that of `now` and its neighbours; nothing: of none of them. A code that two steps
// share counts as the later one's.   code: six digits, white space between them is ignored.   cost: three HMACs,
// always.
std::optional<uint64_t> matching_totp_step(const SecretBytes& secret, std::string_view code, WallMicros now);
bool looks_like_totp_code(std::string_view code);

// RFC 4648 s6, upper case, without padding.   errors: kLimit.
Result<SecretBytes> base32_encode(ByteView bytes);

// otpauth://totp/ISSUER:ACCOUNT?secret=...&issuer=ISSUER&algorithm=SHA1&digits=6&period=30, as apps read it from a QR
// code. What is not unreserved (RFC 3986 s2.3) is escaped.   errors: kLimit.
Result<SecretBytes> totp_uri(const SecretBytes& secret, std::string_view issuer, std::string_view account);

}  // namespace sallyport::sso
