// What a fuzz target demands: a broken promise ends the run, as a fault the sanitizers find does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

inline void require(bool promise) {
  if (!promise) __builtin_trap();
}

inline std::string_view fuzz_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}
