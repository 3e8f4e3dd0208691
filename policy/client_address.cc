#include "policy/client_address.h"

namespace sallyport::policy {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Result<IpAddress> read_hop(std::string_view entry) {
  if (const auto plain = IpAddress::parse(entry)) return *plain;
  if (entry.starts_with('[') && entry.ends_with(']')) return IpAddress::parse(entry.substr(1, entry.size() - 2));
  TRY(const Endpoint with_port, Endpoint::parse(entry));
  return with_port.address;
}

}  // namespace

ClientAddress client_address(const PeerAddress& peer, const CidrList& trusted_proxies,
                             std::span<const std::string_view> forwarded_for) {
  ClientAddress client{peer.endpoint.address};
  for (size_t i = forwarded_for.size(); i > 0; --i) {
    std::string_view rest = forwarded_for[i - 1];
    for (bool more = true; more;) {
      if (!contains(trusted_proxies, client.address)) return client;
      const size_t comma = rest.rfind(',');
      more = comma != rest.npos;
      const auto hop = read_hop(trimmed(more ? rest.substr(comma + 1) : rest));
      if (!hop) return client;
      client.address = *hop;
      if (more) rest = rest.substr(0, comma);
    }
  }
  return client;
}

}  // namespace sallyport::policy
