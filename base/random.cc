#include "base/random.h"

#include <openssl/rand.h>

#include <cstdlib>

namespace sallyport {

void fill_random(std::span<std::byte> out) {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) != 1) std::abort();
}

}  // namespace sallyport
