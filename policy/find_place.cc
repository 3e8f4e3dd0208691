#include "policy/find_place.h"

#include <algorithm>
#include <array>

#include "base/http/field.h"
#include "base/http/url.h"
#include "policy/decision.h"

namespace sallyport::policy {
namespace {

constexpr std::array<std::string_view, 3> kRefusedMethods{"TRACE", "CONNECT", "TRACK"};

}  // namespace

bool is_served(std::string_view method) {
  return std::ranges::none_of(kRefusedMethods, [&](std::string_view name) { return http::iequals(method, name); });
}

Result<void> find_place(const Snapshot& snapshot, std::string_view gate_host, std::string_view host,
                        std::string_view sent, std::string& scratch, FoundPlace& out) {
  std::string_view path;
  const auto canonical = http::canonical_path(sent, http::PathMode::kStrict, scratch, path);
  const bool on_gate_host = host == gate_host;
  if (canonical) {
    out.canonical = path;
    if (on_gate_host || (http::path_has_prefix(path, kGatePrefix) && snapshot.has_host(host))) {
      out.at_gate = true;
      out.resource = on_gate_host ? nullptr : snapshot.locate(host, path).resource;
      out.path = path;
      return {};
    }
  }
  if (on_gate_host) return std::unexpected(canonical.error());
  const Place place = snapshot.locate(host, canonical ? path : sent);
  if (place.resource == nullptr) {
    if (!canonical && snapshot.has_host(host)) return std::unexpected(canonical.error());
    return fail(Code::kNotFound, Side::kClient, "nothing is served at this address");
  }
  out.resource = place.resource;
  out.path = place.path;
  if (place.resource->spec.paths_mode == http::PathMode::kRaw) {
    CHECKED(http::canonical_path(sent, http::PathMode::kRaw, scratch, path));
    out.path = sent.substr(place.resource->spec.at.prefix.size());
    if (out.path.empty()) out.path = "/";
    if (out.path.front() != '/') return fail(Code::kMalformed, Side::kClient, "the path is not in its plain form");
  } else if (!canonical) {
    return std::unexpected(canonical.error());
  }
  return {};
}

bool address_allowed(const Snapshot& snapshot, const FoundPlace& place, const ClientAddress& client) {
  return place.resource != nullptr ? address_allowed(snapshot, *place.resource, client)
                                   : snapshot.platform_admits(client);
}

}  // namespace sallyport::policy
