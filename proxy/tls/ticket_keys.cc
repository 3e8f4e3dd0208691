#include "proxy/tls/ticket_keys.h"

#include <cstring>

#include "base/random.h"

namespace sallyport::proxy {

TicketKeys::Key TicketKeys::opened(const Kept& kept, bool current) {
  Key out{kept.name, {}, {}, current};
  std::memcpy(out.aes.data(), kept.secret.view().data(), out.aes.size());
  std::memcpy(out.hmac.data(), kept.secret.view().data() + out.aes.size(), out.hmac.size());
  return out;
}

std::optional<TicketKeys::Key> TicketKeys::current() {
  const std::lock_guard lock(mutex_);
  const Monotonic now = clock_.monotonic();
  if (keys_.empty() || now - keys_.front().made >= kTicketKeyLife) {
    auto secret = SecretBytes::of_size(64);
    if (!secret) return std::nullopt;
    fill_random(secret->span());
    keys_.insert(keys_.begin(), Kept{random_bytes<16>(), *std::move(secret), now});
    if (keys_.size() > 2) keys_.pop_back();
  }
  return opened(keys_.front(), true);
}

std::optional<TicketKeys::Key> TicketKeys::find(const Name& name) {
  const std::lock_guard lock(mutex_);
  const Monotonic now = clock_.monotonic();
  for (size_t i = 0; i < keys_.size(); ++i)
    if (keys_[i].name == name && now - keys_[i].made < 2 * kTicketKeyLife) return opened(keys_[i], i == 0);
  return std::nullopt;
}

}  // namespace sallyport::proxy
