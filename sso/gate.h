// What the gate answers itself (the sign-in pages, hand-over, sign-out, the home page): values in, a reply out. The
// proxy turns its exchange into a GateRequest and the GateReply into bytes; this side knows no socket and no codec.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/client_certificate.h"
#include "base/digest.h"
#include "base/ip.h"
#include "base/loop.h"
#include "base/secret.h"
#include "base/task.h"
#include "policy/snapshot.h"

namespace sallyport::sso {

class AssertionKeys;

constexpr std::string_view kSessionCookie = "__Host-sallyport";
constexpr std::string_view kFlowCookie = "__Host-sallyport-flow";
constexpr std::string_view kNonceCookie = "__Host-sallyport-nonce";  // on a target host, before its first redirect
constexpr std::string_view kCsrfCookie = "__Host-sallyport-csrf";    // on the gate, before anybody is signed in
constexpr size_t kGateBodyBytesMax = 8 * 1024;  // held in secret memory, for people who have proven nothing
constexpr size_t kMessageBytesMax = size_t{1}
                                    << 20;  // of a provider's message in a form: XML, in base64, in percent code

// Does this path take a provider's message? It is no secret of ours, and may be long: it is held in ordinary memory.
bool takes_message(std::string_view path);

struct GateRequest {
  std::string method;
  std::string host;    // lower case, without port
  std::string path;    // canonical
  std::string query;   // as sent, without '?'
  std::string cookie;  // the Cookie field
  std::string origin;
  std::string sec_fetch_site;
  std::string sec_fetch_mode;
  std::string accept;
  std::string content_type;
  std::string user_agent;
  bool sallyport_request = false;  // X-Sallyport-Request: 1
  // begin_sign_in: a factor is asked for, shown after this time; 0: whenever it was shown.
  std::optional<WallMicros> factor_after;
  bool by_token = false;   // it carries a valid token; an invalid one does not get here
  bool api_token = false;  // and that was made for the API
  SecretBytes body;
  std::string message;  // in its place where takes_message()
  ClientAddress client;
  const ClientCertificate* certificate = nullptr;  // verified and in force; lives as long as the task that answers
  std::string request_id;
  std::shared_ptr<const policy::Snapshot> snapshot;
  std::shared_ptr<const AssertionKeys> assertion_keys;
};

struct GateReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>>
      headers;  // Content-Type, Location, Set-Cookie, CSP ...; not Content-Length
  std::string body;
  const char* reason = "";  // a literal, for the audit entry
  UserId user;              // who it was about, if known
};

// A path of the gate, and what it may be asked by. A '*' stands for one segment.
struct KnownRoute {
  std::string path;
  std::vector<std::string> methods;
  bool on_gate = true;  // false: on the other hosts alone
};

// A certificate of an identity provider that somebody has to look after.
struct ProviderCertificateEnd {
  std::string provider;
  WallMicros ends{};  // the first of them
};

class Gate {
 public:
  virtual ~Gate() = default;
  // A request to the gate host, or to /.sallyport/... on any protected host. `home` is the loop that awaits.
  virtual Task<GateReply> handle(Loop& home, GateRequest request) = 0;
  // A browser's page load on a protected host without a session, or with one that lacks a factor: keeps the wanted page
  // under an opaque handle, sets the host's nonce cookie and sends the browser to the gate (302).
  virtual Task<GateReply> begin_sign_in(Loop& home, GateRequest request) = 0;
  // Of the providers that are known; for metrics. Never waits.
  virtual std::vector<ProviderCertificateEnd> certificate_ends() const { return {}; }
};

// What the store and the session table know a session by: SHA-256 of the cookie's value as it is spelled.
inline Sha256 session_id_hash(std::string_view cookie_value) { return sha256(as_bytes(cookie_value)); }

// The gateway's page for an error, in the look of its other pages (no script, strict CSP).
struct ErrorPage {
  int status = 0;
  std::string_view title;    // a literal, like
  std::string_view message;  // this
  std::string_view request_id;
  std::chrono::seconds wait{0};  // after which it may be tried again; 0: there is no telling
  // Whose browser shows the page, by a session of theirs, and where they go on: the gate's origin. Empty: nobody's.
  std::string_view user = {};
  std::string_view gate = {};
};
std::string error_page(const ErrorPage& page);
// The headers every page of the gate carries (CSP, no-store, nosniff, frame-ancestors, referrer policy); not
// Content-Type.
const std::vector<std::pair<std::string, std::string>>& page_headers();

}  // namespace sallyport::sso
