#include "proxy/tls/record_buffers.h"

#include <malloc.h>
#include <openssl/crypto.h>

#include <array>
#include <cstddef>
#include <cstdlib>

namespace sallyport::proxy {
namespace {

constexpr bool kHeapIsWatched = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);

// A record's buffer is its 16 KiB (RFC 8446 s5.2) and some hundred bytes of head, padding and alignment.
constexpr size_t kSmallest = 16 * 1024;
constexpr size_t kLargest = 18 * 1024;
constexpr size_t kKept = 8;

struct Kept {
  std::array<void*, kKept> buffers{};
  size_t count = 0;
  bool over = false;  // the thread is ending: what is freed now goes straight back
  ~Kept() {
    over = true;
    while (count > 0) std::free(buffers[--count]);
  }
};
thread_local Kept kept;

bool is_record_buffer(size_t size) { return size > kSmallest && size <= kLargest; }

void* allocate(size_t size, const char*, int) {
  if (size == 0) return nullptr;
  if (!is_record_buffer(size)) return std::malloc(size);
  return kept.count > 0 ? kept.buffers[--kept.count] : std::malloc(kLargest);
}

void* reallocate(void* block, size_t size, const char*, int) { return std::realloc(block, size); }

void release(void* block, const char*, int) {
  if (block == nullptr) return;
  const size_t size = ::malloc_usable_size(block);
  if (size < kLargest || size >= 2 * kLargest || kept.over || kept.count == kKept) return std::free(block);
  kept.buffers[kept.count++] = block;
}

}  // namespace

void keep_record_buffers() {
  if (!kHeapIsWatched) CRYPTO_set_mem_functions(allocate, reallocate, release);
}

}  // namespace sallyport::proxy
