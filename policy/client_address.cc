#include "policy/client_address.h"

#include <optional>

namespace sallyport::policy {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<IpAddress> read_hop(std::string_view entry) {
  if (const auto plain = IpAddress::parse(entry)) return *plain;
  if (entry.starts_with('[') && entry.ends_with(']')) {
    const auto bracketed = IpAddress::parse(entry.substr(1, entry.size() - 2));
    if (bracketed) return *bracketed;
    return std::nullopt;
  }
  if (const auto with_port = Endpoint::parse(entry)) return with_port->address;
  return std::nullopt;
}

// Goes from hop to hop, as long as the one it stands on is trusted to name the one before it.
class Walk {
 public:
  Walk(const IpAddress& peer, const CidrList& trusted) : at_(peer), trusted_(trusted) {}

  bool goes_on() const { return !over_ && contains(trusted_, at_); }
  void step(const std::optional<IpAddress>& hop) {
    if (!hop || ++hops_ > kTrustedHopsMax) {
      over_ = true;
      return;
    }
    at_ = *hop;
  }
  Result<IpAddress> end() const {
    if (hops_ > kTrustedHopsMax) return malformed(Side::kClient, "the request names too many trusted proxies");
    return at_;
  }

 private:
  IpAddress at_;
  const CidrList& trusted_;
  size_t hops_ = 0;
  bool over_ = false;
};

Result<IpAddress> walk_forwarded_for(Walk walk, std::span<const std::string_view> fields) {
  for (size_t i = fields.size(); i > 0; --i) {
    std::string_view rest = fields[i - 1];
    for (bool more = true; more;) {
      if (!walk.goes_on()) return walk.end();
      const size_t comma = rest.rfind(',');
      more = comma != rest.npos;
      walk.step(read_hop(trimmed(more ? rest.substr(comma + 1) : rest)));
      if (more) rest = rest.substr(0, comma);
    }
  }
  return walk.end();
}

Result<IpAddress> walk_forwarded(Walk walk, std::span<const http::ForwardedElement> elements) {
  for (size_t i = elements.size(); i > 0 && walk.goes_on(); --i) walk.step(elements[i - 1].client);
  return walk.end();
}

}  // namespace

Result<ClientAddress> client_address(const PeerAddress& peer, const CidrList& trusted_proxies,
                                     std::span<const std::string_view> forwarded_for,
                                     std::span<const http::ForwardedElement> forwarded) {
  const Walk walk(peer.endpoint.address, trusted_proxies);
  if (!walk.goes_on()) return ClientAddress{peer.endpoint.address};
  TRY(const IpAddress by_list, walk_forwarded_for(walk, forwarded_for));
  TRY(const IpAddress by_elements, walk_forwarded(walk, forwarded));
  if (forwarded.empty()) return ClientAddress{by_list};
  if (!forwarded_for.empty() && by_list != by_elements)
    return malformed(Side::kClient, "X-Forwarded-For and Forwarded name different clients");
  return ClientAddress{by_elements};
}

}  // namespace sallyport::policy
