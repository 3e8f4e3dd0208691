#include "base/secret.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

namespace sallyport {
namespace {

constexpr size_t kBlockMin = 64;

// Power-of-two blocks cut from one mapping, a free list per size. Guard pages on both sides.
class SecretArena {
 public:
  SecretArena() {
    const size_t page = 4096;
    auto* const whole = static_cast<std::byte*>(
        mmap(nullptr, kSecretArenaBytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (whole == MAP_FAILED) std::abort();
    base_ = whole + page;
    if (mprotect(base_, kSecretArenaBytes, PROT_READ | PROT_WRITE) != 0) std::abort();
    madvise(base_, kSecretArenaBytes, MADV_DONTDUMP);
    madvise(base_, kSecretArenaBytes, MADV_DONTFORK);
    locked_ = mlock2(base_, kSecretArenaBytes, MLOCK_ONFAULT) == 0;
  }

  std::byte* take(size_t size) {
    const size_t block = std::bit_ceil(std::max(size, kBlockMin));
    const std::lock_guard lock(mutex_);
    Free*& list = free_[std::countr_zero(block)];
    std::byte* out = nullptr;
    if (list != nullptr) {
      out = reinterpret_cast<std::byte*>(list);
      list = list->next;
    } else if (next_ + block <= kSecretArenaBytes) {
      out = base_ + next_;
      next_ += block;
    } else {
      return nullptr;
    }
    used_ += block;
    std::memset(out, 0, sizeof(Free));
    return out;
  }

  void give_back(std::byte* data, size_t size) {
    const size_t block = std::bit_ceil(std::max(size, kBlockMin));
    OPENSSL_cleanse(data, block);
    const std::lock_guard lock(mutex_);
    Free*& list = free_[std::countr_zero(block)];
    list = new (data) Free{list};
    used_ -= block;
  }

  SecretArenaUse use() {
    const std::lock_guard lock(mutex_);
    return {used_, kSecretArenaBytes, locked_};
  }

 private:
  struct Free {
    Free* next;
  };
  std::mutex mutex_;
  std::byte* base_;
  size_t next_ = 0;
  size_t used_ = 0;
  bool locked_ = false;
  std::array<Free*, 64> free_{};
};

// An allocator, like the heap: never destroyed, since secrets may be given back until the very end.
SecretArena& arena() {
  static auto* const instance = new SecretArena;
  return *instance;
}

}  // namespace

Result<SecretBytes> SecretBytes::of_size(size_t size) {
  if (size == 0) return SecretBytes();
  if (size > kSecretBytesMax) return fail(Code::kLimit, Side::kSelf, "secret value is too long");
  std::byte* const data = arena().take(size);
  if (data == nullptr) return fail(Code::kLimit, Side::kSelf, "secret memory is full");
  SecretBytes out(data, size);
  out.capacity_ = size;
  return out;
}

Result<SecretBytes> SecretBytes::copy_of(ByteView bytes) {
  TRY(SecretBytes out, of_size(bytes.size()));
  if (!bytes.empty()) std::memcpy(out.data_, bytes.data(), bytes.size());
  return out;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

SecretBytes::~SecretBytes() {
  if (data_ != nullptr) arena().give_back(data_, capacity_);
}

void SecretBytes::shrink(size_t size) {
  if (size >= size_) return;
  OPENSSL_cleanse(data_ + size, size_ - size);
  size_ = size;
}

SecretArenaUse secret_arena_use() { return arena().use(); }

void wipe(std::span<std::byte> bytes) { OPENSSL_cleanse(bytes.data(), bytes.size()); }
void wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace sallyport
