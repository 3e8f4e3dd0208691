// Recovery codes: what signs one in once when the phone is gone. Each is 80 random bits, spelled as four groups of four
// characters of Crockford's base32 (no I, L, O, U), "7K3M-Q0XV-42HD-9TRC"; kept as SHA-256 alone.
//
// 80 random bits cannot be guessed from their hash, so that no slow hash is needed.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/secret.h"

namespace sallyport::sso {

constexpr size_t kRecoveryCodeCharacters = 16;

struct NewRecoveryCode {
  SecretBytes shown;  // with its dashes; to be seen once
  Sha256 hash{};
};

// errors: kLimit no secret memory.
Result<std::vector<NewRecoveryCode>> new_recovery_codes(size_t count);

// What a code as somebody typed it is kept as: case, white space and dashes do not matter, and I or L for 1, O for 0
// are understood. Nothing: it is no recovery code.
std::optional<Sha256> recovery_code_hash(std::string_view typed);

}  // namespace sallyport::sso
