// The one date form that is generated (RFC 9110 s5.6.7, IMF-fixdate).
#pragma once

#include <string>

#include "base/clock.h"

namespace sallyport::http {

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string imf_date(WallMicros time);

}  // namespace sallyport::http
