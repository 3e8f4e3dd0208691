// Why OpenSSL cannot use a file with certificates or a key, in words for the operator who has to mend it.
#pragma once

#include <string>

namespace sallyport::proxy {

// Of this thread's errors since the last ERR_clear_error(): the first says what it is, and those after it only who
// passed it on.
std::string words_of_tls_trouble();

}  // namespace sallyport::proxy
