#include "proxy/host_cover.h"

#include "proxy/tls/tls_channel.h"

namespace sallyport::proxy {

bool HostCover::covers(std::string_view host) {
  if (last_ == host) return true;
  std::string asked(host);
  if (tls_ != nullptr && !tls_->certificate_covers(asked)) return false;
  last_ = std::move(asked);
  return true;
}

}  // namespace sallyport::proxy
