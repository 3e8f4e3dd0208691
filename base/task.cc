#include "base/task.h"

#include <array>

namespace sallyport::task_detail {
namespace {

constexpr size_t kStep = 256;
constexpr size_t kClasses = 16;        // frames up to 4 KiB are kept
constexpr size_t kKeptPerClass = 512;  // per thread and class

struct FrameCache {
  struct Node {
    Node* next;
  };
  std::array<Node*, kClasses> free{};
  std::array<size_t, kClasses> count{};
  ~FrameCache() {
    for (Node* node : free)
      while (node != nullptr) std::free(std::exchange(node, node->next));
  }
};
thread_local FrameCache cache;

}  // namespace

void* allocate_frame(size_t size) {
  const size_t index = (size - 1) / kStep;
  if (index < kClasses) {
    if (auto*& head = cache.free[index]; head != nullptr) {
      --cache.count[index];
      return std::exchange(head, head->next);
    }
    size = (index + 1) * kStep;
  }
  void* const frame = std::malloc(size);
  if (frame == nullptr) std::abort();
  return frame;
}

void free_frame(void* frame, size_t size) noexcept {
  const size_t index = (size - 1) / kStep;
  if (index < kClasses && cache.count[index] < kKeptPerClass) {
    ++cache.count[index];
    cache.free[index] = new (frame) FrameCache::Node{cache.free[index]};
    return;
  }
  std::free(frame);
}

}  // namespace sallyport::task_detail
