// A sign-in on its way to an identity provider and back: what waits for the answer, and the cookie that says that the
// browser that comes back is the one that went (Login CSRF: a stranger's answer must not sign anybody in).
#pragma once

#include <optional>
#include <string>

#include "sso/attempt_limiter.h"
#include "sso/gate.h"
#include "sso/login_flow.h"
#include "storage/keyring.h"
#include "storage/session_table.h"
#include "storage/store.h"

namespace sallyport::sso {

// As Departure::then: goes on to the second factors, for which a fresh sign-in is asked for.
constexpr std::string_view kThenFactors = "factors";

// What is known of a sign-in before the provider is asked.
struct Departure {
  std::string provider;
  std::string request_id;
  std::string verifier;  // OpenID Connect
  std::string flow;
  std::string then;
  int restarts = 0;
  std::optional<WallMicros> fresh_after = std::nullopt;
};
// With the flow and then that the sign-in page sent the browser with.
Departure departure_of(const GateRequest& request, std::string provider);
struct Departed {
  std::string handle;  // the RelayState, or state
  std::string cookie;  // Set-Cookie
};

enum class Return : uint8_t {
  kSame,      // the browser that went
  kAnother,   // another one, or one that keeps no cookies
  kOtherTab,  // the same browser, whose tabs began at once: the cookie of the last of them is there. Begin again.
  kUnknown,   // nothing waits under this handle (any more)
};
struct Returned {
  Return how = Return::kUnknown;
  ProviderFlow flow;  // not of kUnknown
};

class ProviderFlows {
 public:
  struct Parts {
    storage::StoreThread& store;
    storage::SessionTable& sessions;
    const storage::Keyring& keyring;
    const Clock& clock;
  };
  explicit ProviderFlows(const Parts& parts) : parts_(parts) {}

  // One cookie for all tabs of a browser: the one it has stays.   errors: the keyring's and the store's.
  Task<Result<Departed>> depart(Loop& home, const GateRequest& request, Departure departure);
  // What waits; it stays.   errors: the store's.
  Task<Result<Returned>> meet(Loop& home, const GateRequest& request, std::string handle, std::string provider);
  // Takes it away: of two answers to one request one goes on.   errors: kNotFound it was taken; and the store's.
  Task<Result<void>> settle(Loop& home, std::string handle);

 private:
  Parts parts_;
};

}  // namespace sallyport::sso
