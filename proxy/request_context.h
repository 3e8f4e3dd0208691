// What the stations know of one request. It owns copies of everything that outlives the request's head, and its
// destructor writes the one audit entry if nothing has yet, whichever way the request ends (a refusal, a cancelled
// connection).
#pragma once

#include <memory>
#include <optional>

#include "policy/decision.h"
#include "proxy/exchange.h"
#include "proxy/inline_text.h"
#include "proxy/live_streams.h"
#include "storage/audit_log.h"

namespace sallyport::proxy {

class LiveTunnel;
class Worker;

struct RequestContext {
  RequestContext(Exchange& exchange, Worker& worker);
  ~RequestContext();
  RequestContext(const RequestContext&) = delete;
  RequestContext& operator=(const RequestContext&) = delete;

  Exchange& exchange;
  Worker& worker;
  std::shared_ptr<const policy::Snapshot> snapshot;
  Monotonic began;
  WallMicros at;
  ClientAddress client;
  // Verified, and in force when the request came; null: none that is the client's. Lives with the connection.
  const ClientCertificate* certificate = nullptr;
  bool https = false;  // as the client sees it: TLS of our own, or of a trusted proxy in front

  InlineText<32> request_id;
  InlineText<24> method;
  InlineText<255> host;                              // lower case, without port
  InlineText<storage::kAuditPathBytesMax + 1> path;  // canonical; for the audit entry
  std::string long_path;                             // all of it, where `path` is cut
  InlineText<24> websocket_key;                      // empty: it is no WebSocket's request
  bool extensions_offered = false;                   // on that
  bool lasting = false;                              // a stream by its kind: it ends when somebody ends it
  bool page_load = false;                            // a browser's navigation: errors are pages, sign-in is a redirect

  const policy::CompiledResource* resource = nullptr;  // lives with the snapshot
  RecordId resource_id;
  std::optional<policy::Identity> identity;
  RecordId family;                                  // of the session
  Sha256 proof_hash{};                              // of the cookie or token
  std::shared_ptr<const policy::TokenScope> scope;  // what identity->scope points at
  policy::Decision decision;

  storage::AuditSlot slot;      // set aside before anything is forwarded
  bool begin_recorded = false;  // access.begin is written: the end is an access.end
  int status = 0;               // what the client was told; 0 nothing
  const char* outcome = "cancelled";
  const char* reason = "";
  std::chrono::seconds retry_after{5};  // what a 429 or 503 asks the client to wait
  LiveLink live;                        // in the worker's list while something is relayed
  LiveTunnel* tunnel = nullptr;         // while it is one
  UserId about{};                       // whom the gate's own answer was about

  void set_path(std::string_view whole);
  std::string_view whole_path() const { return long_path.empty() ? path.view() : std::string_view(long_path); }
  storage::AccessEvent event(storage::AuditKind kind) const;
  // Writes the audit entry, once. Called before the last bytes of an answer leave, so that no answered request is
  // without one even if the process is killed in between. `unsent`: bytes of the body that will still follow.
  void record(uint64_t unsent = 0);
};

}  // namespace sallyport::proxy
