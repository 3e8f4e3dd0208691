// Where does a request want to go: to the gate itself, or to a resource, and by which path? Asked of every request
// before anybody is identified, and by `explain`.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/snapshot.h"

namespace sallyport::policy {

constexpr std::string_view kGatePrefix = "/.sallyport";  // the gate's own paths on every protected host

// An answer to TRACE would show the client what was injected (RFC 9110 s9.3.8); CONNECT asks for a tunnel. Methods have
// a case (RFC 9110 s9.1), but not to every upstream.
bool is_served(std::string_view method);

struct FoundPlace {
  bool at_gate = false;                        // answered by the gate itself
  const CompiledResource* resource = nullptr;  // at the gate: whose host it is, or null
  std::string_view canonical;                  // the whole path in its one form; empty: it has none
  std::string_view path;                       // as rules match it: canonical (or as sent in raw mode), without `at`
};

// host: lower case, without port; sent: the path as sent. The views in `out` are into `sent` or `scratch`; `canonical`
// is set whatever is returned.   errors: kMalformed path, kNotFound.   cost: as Snapshot::locate; no allocation where
// the path is in its one form already.
Result<void> find_place(const Snapshot& snapshot, std::string_view gate_host, std::string_view host,
                        std::string_view sent, std::string& scratch, FoundPlace& out);

// May this address speak to what was found? The gate itself is behind the platform's list alone.
bool address_allowed(const Snapshot& snapshot, const FoundPlace& place, const ClientAddress& client);

}  // namespace sallyport::policy
