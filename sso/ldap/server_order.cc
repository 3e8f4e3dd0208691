#include "sso/ldap/server_order.h"

namespace sallyport::sso::ldap {

std::vector<size_t> ServerOrder::at(Monotonic now) const {
  std::vector<size_t> out;
  std::vector<size_t> last;
  for (size_t server = 0; server < failed_at_.size(); ++server) {
    const auto& failed = failed_at_[server];
    (failed && now - *failed < kFailedServerWaits ? last : out).push_back(server);
  }
  out.insert(out.end(), last.begin(), last.end());
  return out;
}

}  // namespace sallyport::sso::ldap
