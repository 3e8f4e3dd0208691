#include "base/recycled.h"

#include <array>
#include <cstdlib>
#include <utility>

namespace sallyport {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SALLYPORT_KEEPS_NOTHING
#endif
#endif
#ifdef __SANITIZE_ADDRESS__  // GCC's word for it
#define SALLYPORT_KEEPS_NOTHING
#endif
#ifdef SALLYPORT_KEEPS_NOTHING
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

constexpr size_t kStep = 128;
constexpr size_t kClasses = kRecycledMost / kStep;

struct Cache {
  struct Node {
    Node* next;
  };
  std::array<Node*, kClasses> free{};
  size_t bytes = 0;
  ~Cache() {
    for (Node* node : free)
      while (node != nullptr) std::free(std::exchange(node, node->next));
    free = {};
    bytes = kRecycledKept;  // what is given back from here on is not kept
  }
};
thread_local Cache cache;

size_t class_of(size_t size) { return (size - 1) / kStep; }

}  // namespace

void* take_piece(size_t size) {
  const size_t index = class_of(size);
  if (index < kClasses) {
    if (auto*& head = cache.free[index]; head != nullptr) {
      cache.bytes -= (index + 1) * kStep;
      return std::exchange(head, head->next);
    }
    size = (index + 1) * kStep;
  }
  void* const piece = std::malloc(size);
  if (piece == nullptr) std::abort();
  return piece;
}

void give_back_piece(void* piece, size_t size) noexcept {
  const size_t index = class_of(size);
  const size_t bytes = (index + 1) * kStep;
  if (kKeeps && index < kClasses && cache.bytes + bytes <= kRecycledKept) {
    cache.bytes += bytes;
    cache.free[index] = new (piece) Cache::Node{cache.free[index]};
    return;
  }
  std::free(piece);
}

}  // namespace sallyport
