// The addresses of identity providers at this gate: /.sallyport/saml/NAME/... and /.sallyport/oidc/NAME/..., and the
// sign-in with a directory's password behind the gate's own form. One object for all workers.
#pragma once

#include <functional>
#include <memory>

#include "base/blocking_pool.h"
#include "base/fetch.h"
#include "base/log.h"
#include "sso/directory_sign_in.h"
#include "sso/in_force.h"
#include "sso/oidc_sign_in.h"
#include "sso/provider_arrival.h"
#include "sso/provider_flows.h"
#include "sso/saml_sign_in.h"
#include "sso/shared_buckets.h"
#include "storage/key_holder.h"

namespace sallyport::sso {

// XML and signatures; asking providers. Both lanes are bounded, and behind what else wants the cores. A provider that
// is slow holds half of the second one at most.
constexpr size_t kXmlThreadsMax = 4;
size_t xml_threads();
constexpr size_t kXmlQueueMax = 128;
constexpr size_t kProviderThreads = 8;
constexpr size_t kProviderQueueMax = 256;
constexpr OwnerBounds kBoundsOfOneProvider{kProviderThreads / 2, kProviderQueueMax / 2};

// Of answers and messages that did not verify, from one network: the worst document costs 0.2 s of a core, a code
// that somebody made up a question to the provider.
constexpr Rate kFailuresPerNetwork{30, 60};

struct ProviderDoorParts {
  storage::StoreThread& store;
  storage::SessionTable& sessions;
  const storage::Keyring& keyring;
  storage::KeyHolder& keys;
  BlockingPool& xml;     // xml_threads(), kXmlQueueMax
  BlockingPool& asking;  // kProviderThreads, kProviderQueueMax, kBoundsOfOneProvider
  Fetcher& fetcher;
  FlightRecorder& recorder;
  SessionOpener& opener;
  const Clock& clock;
  Log& log;
  http::Url gate;
  std::function<void(const RecordId& family)> session_ended;
  AwaitInForce in_force;
  std::function<std::shared_ptr<const policy::Snapshot>()> snapshot;  // the newest; may be empty
  FindWanted wanted;
  std::function<bool(const IpAddress& client)> may_begin;  // a flow is a row of the store
};

// Where a browser begins to sign in there. flow, then: as of the sign-in page; may be empty.
std::string provider_login_path(const policy::CompiledProvider& provider, std::string_view flow, std::string_view then);

class ProviderDoor {
 public:
  explicit ProviderDoor(ProviderDoorParts parts);

  static bool answers(std::string_view path);
  static bool takes_message(std::string_view path);  // see sso/gate.h
  static std::vector<KnownRoute> routes();
  Task<GateReply> handle(Loop& home, GateRequest request);

  // How a browser that has just been signed out here is signed out there as well; nothing: not at all. family: of the
  // session, asked for before it ends.
  Task<std::optional<storage::SessionOrigin>> origin_of(Loop& home, RecordId family);
  Task<std::optional<SignOutThere>> sign_out_there(Loop& home, storage::SessionOrigin origin,
                                                   std::shared_ptr<const policy::Snapshot> snapshot);
  std::vector<ProviderCertificateEnd> certificate_ends() const;
  // What is due: documents asked for again, certificates that end soon told of. By one thread; never waits.
  void tick(std::shared_ptr<const policy::Snapshot> snapshot);
  DirectorySignIn& directories() { return directories_; }
  const SamlBook& saml_book() const { return saml_book_; }
  const OidcBook& oidc_book() const { return oidc_book_; }

 private:
  struct Route;
  static std::span<const Route> all_routes();

  void warn_of_certificates();

  ProviderDoorParts parts_;
  ProviderFlows flows_;
  ProviderArrivals arrivals_;
  ProviderEndings endings_;
  SharedBuckets failures_;
  SamlKeySource saml_keys_;
  SamlBook saml_book_;
  OidcBook oidc_book_;
  SamlSignIn saml_;
  OidcSignIn oidc_;
  DirectorySignIn directories_;
  Monotonic warned_at_{};
  Monotonic idle_closed_at_{};
};

}  // namespace sallyport::sso
