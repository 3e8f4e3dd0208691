// Memory for secrets: one locked, non-dumpable arena of the process with a fixed size; blocks are wiped when they are
// given back, and asking for more than there is fails loudly (kLimit) instead of spilling into ordinary memory.
// SecretBytes has no formatter and no stream operator: printing one does not compile. Any thread may use these.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport {

constexpr size_t kSecretArenaBytes = size_t{8} << 20;
constexpr size_t kSecretBytesMax = size_t{64} << 10;  // of one value

class SecretBytes {
 public:
  // errors: kLimit when the value is over kSecretBytesMax or the arena is full.   cost: a lock, a memset.
  static Result<SecretBytes> of_size(size_t size);
  static Result<SecretBytes> copy_of(ByteView bytes);
  static Result<SecretBytes> copy_of(std::string_view text) { return copy_of(as_bytes(text)); }

  SecretBytes() = default;  // empty
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  ~SecretBytes();

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::span<std::byte> span() { return {data_, size_}; }
  ByteView view() const { return {data_, size_}; }
  // The bytes as text for the one call that needs them; do not keep or copy the view.
  std::string_view reveal() const { return as_text(view()); }
  void shrink(size_t size);  // size <= size(); the rest is wiped
  Result<SecretBytes> clone() const { return copy_of(view()); }

 private:
  SecretBytes(std::byte* data, size_t size) : data_(data), size_(size) {}
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

std::ostream& operator<<(std::ostream&, const SecretBytes&) = delete;

struct SecretArenaUse {
  size_t used_bytes;
  size_t size_bytes;
  bool locked;  // false when RLIMIT_MEMLOCK did not allow it: `serve` says so in its log
};
SecretArenaUse secret_arena_use();

// Wipes ordinary memory that held a secret for a moment (a form body, an environment variable).
void wipe(std::span<std::byte> bytes);
void wipe(std::string& text);

}  // namespace sallyport
