// Memory for what lives as long as one request does: kept by the thread that gave it back and handed out again, so that
// a request costs no call of malloc and many at once do not take its free lists apart. Not wiped in between. Under
// AddressSanitizer nothing is kept, so that it sees what is used after its end.
#pragma once

#include <cstddef>
#include <string>

namespace sallyport {

constexpr size_t kRecycledMost = 4096;             // bytes of a piece; larger ones come from malloc each time
constexpr size_t kRecycledKept = size_t{4} << 20;  // bytes that a thread keeps

// Never null: out of memory ends the process. Any thread may give a piece back.   cost: some ns
void* take_piece(size_t size);
void give_back_piece(void* piece, size_t size) noexcept;  // size: as it was taken

// For classes: `struct Made : Recycled {...}`, deleted as what they were made as.
struct Recycled {
  static void* operator new(size_t size) { return take_piece(size); }
  static void operator delete(void* piece, size_t size) noexcept { give_back_piece(piece, size); }
};

template <class T>
struct RecycledAllocator {
  using value_type = T;
  RecycledAllocator() = default;
  template <class U>
  RecycledAllocator(const RecycledAllocator<U>&) {}
  T* allocate(size_t count) { return static_cast<T*>(take_piece(count * sizeof(T))); }
  void deallocate(T* piece, size_t count) noexcept { give_back_piece(piece, count * sizeof(T)); }
  friend bool operator==(RecycledAllocator, RecycledAllocator) { return true; }
};
using RecycledString = std::basic_string<char, std::char_traits<char>, RecycledAllocator<char>>;

}  // namespace sallyport
