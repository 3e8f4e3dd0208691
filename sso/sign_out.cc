// Signing out, on the gate and on every other host: GET shows a button, POST ends the whole family.
#include <nlohmann/json.hpp>

#include "sso/cookies.h"
#include "sso/sign_in.h"

namespace sallyport::sso {
namespace {

// A program cannot be led on by a form.
GateReply signed_out_reply(Format format, const std::optional<SignOutThere>& there) {
  const auto* const url = there ? std::get_if<std::string>(&*there) : nullptr;
  if (format == Format::kJson) {
    const std::string location = url != nullptr ? *url : std::string(kLogoutPath);
    return json_reply(200, {{"next", "done"}, {"location", location}}, "sign-out");
  }
  if (!there) return redirect_reply(303, std::string(kLogoutPath), "sign-out");
  if (url != nullptr) return page_reply(200, signed_out_onward_page(*url), "sign-out");
  return saml_post_reply(std::get<SamlPost>(*there), "sign-out", Way::kSignedOut);
}

}  // namespace

Task<GateReply> SignIn::show_logout(Loop&, GateRequest request) {
  const auto signed_in = who_at_all(request);
  if (!signed_in)
    co_return page_reply(200, signed_out_page(origin_of(parts_.gate.host) + std::string(kLoginPath)), "signed out");
  GateReply reply = page_reply(200, sign_out_page(forms_.field("sign-out", signed_in->cookie), signed_in->user->name),
                               "sign-out form");
  reply.user = signed_in->user->id;
  co_return reply;
}

Task<GateReply> SignIn::post_logout(Loop& home, GateRequest request) {
  const OriginProof origin = origin_proof(request, origin_of(request.host));
  const bool form = is_form(request);
  // A form of a cookie's owner has to show where it comes from; a program shows the header no other site can send.
  if (origin == OriginProof::kForeign || (form && origin == OriginProof::kMissing))
    co_return problem_reply(request, {403, "foreign_origin", "Refused", "This request came from another site."});
  if (!form && !request.sallyport_request)
    co_return problem_reply(request,
                            {403, "header_missing", "Refused", "The header X-Sallyport-Request: 1 is missing."});

  const auto cookie = cookie_value(request.cookie, kSessionCookie);
  const auto session =
      cookie ? parts_.sessions.find(session_id_hash(*cookie), request.host, parts_.clock.wall()) : std::nullopt;
  std::optional<storage::SessionOrigin> came_from;
  if (session) {
    if (form && !forms_.fits(read_form_field(request.body, "csrf"), "sign-out", *cookie))
      co_return problem_reply(request,
                              {403, "bad_csrf", "Please try again",
                               "This form does not belong to your present sign-in. Go back and reload the page."});
    const policy::CompiledUser* const user = request.snapshot->user(session->user);
    if (door_) {
      auto asking = door_->origin_of(home, session->family);
      came_from = co_await asking;
    }
    auto ending = own_sessions_.sign_out(home, {.user = session->user,
                                                .session = session->family,
                                                .name = user == nullptr ? "unknown" : user->name,
                                                .client = request.client.address.to_string()});
    const auto ended = co_await ending;
    if (!ended) {
      parts_.log.error("sign_out_failed", {{"reason", ended.error().what}, {"request_id", request.request_id}});
      co_return unavailable(request);
    }
  }
  // Over here whatever becomes of it there.
  std::optional<SignOutThere> there;
  if (came_from) {
    auto asking = door_->sign_out_there(home, *came_from, request.snapshot);
    there = co_await asking;
  }
  GateReply reply = signed_out_reply(form ? Format::kHtml : Format::kJson, there);
  if (session) reply.user = session->user;
  add_header(reply, "Set-Cookie", drop_cookie(kSessionCookie));
  co_return reply;
}

}  // namespace sallyport::sso
