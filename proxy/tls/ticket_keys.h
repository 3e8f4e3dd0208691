// The keys of TLS session tickets (RFC 5077, RFC 8446 s4.6.1), shared by all workers: random, rotated, the one before
// still opens. A ticket cannot be read or made by anyone without them, and they never leave the process.
#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"

namespace sallyport::proxy {

constexpr std::chrono::hours kTicketKeyLife{12};

class TicketKeys {
 public:
  using Name = std::array<std::byte, 16>;
  struct Key {
    Name name;
    std::array<std::byte, 32> aes;
    std::array<std::byte, 32> hmac;
    bool current;
  };

  explicit TicketKeys(const Clock& clock) : clock_(clock) {}
  std::optional<Key> current();  // rotates when it is time; nothing when secret memory is full
  std::optional<Key> find(const Name& name);

 private:
  struct Kept {
    Name name;
    SecretBytes secret;  // aes, then hmac
    Monotonic made;
  };
  static Key opened(const Kept& kept, bool current);
  const Clock& clock_;
  std::mutex mutex_;
  std::vector<Kept> keys_;  // newest first, at most two
};

}  // namespace sallyport::proxy
