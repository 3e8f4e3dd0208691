// Unpredictable bytes from OpenSSL's CSPRNG. A failing generator ends the process: there is no safe way on without one.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace sallyport {

void fill_random(std::span<std::byte> out);

template <size_t N>
std::array<std::byte, N> random_bytes() {
  std::array<std::byte, N> out;
  fill_random(out);
  return out;
}

}  // namespace sallyport
