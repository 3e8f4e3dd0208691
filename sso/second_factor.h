// A second factor that is shown by typing a code: which factor of a person it proves, and how that is kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "sso/factors.h"

namespace sallyport::sso {

struct ShownFactor {
  std::string words;  // in the audit: authenticator app "My phone"
  storage::FactorUse use;
};

// Which factor the code is of: six digits of an app, or a recovery code. That it has not counted before is for the
// commit to say (storage::UseFactor). Nothing: of none.
// typed: as it came, at most kGateBodyBytesMax.   cost: three HMACs per app.
std::optional<ShownFactor> match_code(const Factors& factors, const UserId& user, std::string_view typed,
                                      WallMicros now);

// "authenticator app \"My phone\""
std::string words_for(const TotpFactor& factor);
std::string words_for(const Passkey& factor);

}  // namespace sallyport::sso
