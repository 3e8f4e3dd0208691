// The sign-in with the client certificate of the connection: a button on the sign-in page, or JSON. What is proven was
// proven in the handshake; here it is only asked whose it is, and that the person, or a program, means it.
#include <nlohmann/json.hpp>

#include "sso/cookies.h"
#include "sso/sign_in.h"
#include "sso/sign_in_problems.h"

namespace sallyport::sso {
namespace {

constexpr Problem kMalformed{400, "malformed", "Not understood",
                             "A sign-in by certificate is an object, and may name a flow."};
constexpr Problem kNoCertificate{403, "no_certificate", "Not signed in",
                                 "Your browser has shown no client certificate on this connection."};
// One answer whoever it would have been, and whatever is wrong with the account.
constexpr Problem kNobodys{403, "certificate_refused", "Not signed in",
                           "Nobody is signed in here with this certificate."};

struct Sent {
  std::string flow;
  std::string csrf;  // forms only
};

std::optional<Sent> read_json(const SecretBytes& body) {
  const auto document = nlohmann::json::parse(body.reveal(), nullptr, false);
  if (!document.is_object()) return std::nullopt;
  Sent out;
  const auto flow = document.find("flow");
  if (flow == document.end() || flow->is_null()) return out;
  if (!flow->is_string()) return std::nullopt;
  out.flow = flow->get<std::string>();
  return out;
}

}  // namespace

std::optional<std::chrono::seconds> SignIn::refuse_certificate_for_now(const ClientCertificate& certificate) {
  const Sha256 key = sha256(as_bytes(certificate.fingerprint));
  const Monotonic now = parts_.clock.monotonic();
  const std::lock_guard lock(flows_mutex_);
  const auto wait = sign_ins_per_certificate_.wait(key, now);
  if (wait > std::chrono::nanoseconds::zero()) return std::chrono::ceil<std::chrono::seconds>(wait);
  sign_ins_per_certificate_.take(key, now);
  return std::nullopt;
}

Task<GateReply> SignIn::post_certificate(Loop& home, GateRequest request) {
  const bool form = is_form(request);
  // The same proofs as for a password: it is the person who signs in, not a page that has the browser do it.
  if (origin_proof(request, origin_of(request.host)) == OriginProof::kForeign)
    co_return problem_reply(request, kForeignOrigin);
  if (!form && !request.sallyport_request) co_return problem_reply(request, kHeaderMissing);
  if (!form && !is_json(request)) co_return problem_reply(request, kMediaType);
  std::optional<Sent> sent;
  if (form)
    sent = Sent{read_form_field(request.body, "flow"), read_form_field(request.body, "csrf")};
  else
    sent = read_json(request.body);
  if (!sent) co_return problem_reply(request, kMalformed);
  LoginForm again;
  if (is_random_handle(sent->flow)) again.flow = sent->flow;
  if (form) {
    const auto csrf_cookie = cookie_value(request.cookie, kCsrfCookie);
    if (!csrf_cookie || !forms_.fits(sent->csrf, "sign-in", *csrf_cookie))
      co_return refuse_login(request, kBadCsrf, std::move(again));
  }
  if (request.certificate == nullptr) co_return refuse_login(request, kNoCertificate, std::move(again));
  if (const auto wait = refuse_certificate_for_now(*request.certificate)) {
    GateReply reply = refuse_login(request, kLimited, std::move(again));
    add_header(reply, "Retry-After", std::to_string(wait->count()));
    co_return reply;
  }
  if (!again.flow.empty()) {
    auto looking = wanted_page(home, again.flow, request.client.address, request.snapshot);
    again.wanted = co_await looking;
  }

  const policy::CompiledUser* const user = request.snapshot->user_by_certificate(*request.certificate);
  const char* reason = user == nullptr ? "a certificate of nobody" : why_unusable(user);
  if (reason == nullptr && !signs_in_here(*request.snapshot, *user)) reason = kElsewhereAlone;
  if (reason != nullptr) co_return refuse_proof(request, kNobodys, std::move(again), user, reason);
  Proof proof{"certificate " + request.certificate->fingerprint, request.snapshot->platform().certificate_strength};
  auto opening = opener_.open(home, request, *user, wish_of(again, std::move(proof)));
  auto opened = co_await opening;
  if (opened) co_return *std::move(opened);
  if (opened.error().code == Code::kDenied)
    co_return refuse_proof(request, kNobodys, std::move(again), user, opened.error().what);
  parts_.log.error("sign_in_failed", {{"reason", opened.error().what}, {"request_id", request.request_id}});
  GateReply reply = refuse_login(request, kNotRecorded, std::move(again));
  add_header(reply, "Retry-After", "5");
  co_return reply;
}

}  // namespace sallyport::sso
