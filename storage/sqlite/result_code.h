// SQLite's (extended) result codes as errors; see connection.h.
#pragma once

#include "base/result.h"

namespace sallyport::storage {

Error error_of(int code);

}  // namespace sallyport::storage
