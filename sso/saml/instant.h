// Times as SAML writes them (Core s1.3.3): xs:dateTime in UTC, with a Z.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace sallyport::sso::saml {

// 2026-01-31T12:00:00Z or with a fraction, of which microseconds count. Years 1970 to 9999; no leap second, no 24:00.
Result<WallMicros> parse_instant(std::string_view text);

}  // namespace sallyport::sso::saml
