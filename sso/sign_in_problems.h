// What the ways to sign in have in common when they refuse: the answers, and the accounts that nobody may use.
#pragma once

#include "policy/snapshot.h"
#include "sso/replies.h"

namespace sallyport::sso {

inline constexpr Problem kForeignOrigin{403, "foreign_origin", "Refused", "This request came from another site."};
inline constexpr Problem kHeaderMissing{403, "header_missing", "Refused",
                                        "The header X-Sallyport-Request: 1 is missing."};
inline constexpr Problem kBadCsrf{403, "bad_csrf", "Please try again",
                                  "This form was open for too long, or another tab replaced it. Please sign in again."};
inline constexpr Problem kMediaType{415, "media_type", "Refused", "A sign-in is a form or JSON."};
inline constexpr Problem kLimited{429, "too_many_attempts", "Too many attempts",
                                  "There were too many attempts. Please wait a little and try again."};
inline constexpr Problem kBusy{503, "busy", "Too busy",
                               "Too many people are signing in at this moment. Please try again."};
inline constexpr Problem kNotRecorded{503, "unavailable", "Not available just now",
                                      "You could not be signed in at the moment. Please try again."};

inline constexpr const char* kElsewhereAlone = "has to sign in at the provider";  // for the audit

// For the audit; null: this account may be signed in to.
inline const char* why_unusable(const policy::CompiledUser* user) {
  if (user == nullptr) return "unknown user";
  if (user->damaged) return "damaged record";
  if (user->suspended) return "suspended";
  return nullptr;
}

}  // namespace sallyport::sso
