#include "sso/oidc/sign_in.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sso/oidc/claims.h"
#include "sso/oidc/provider_fetch.h"
#include "sso/oidc/token_endpoint.h"
#include "sso/strict_json.h"

namespace sallyport::sso::oidc {
namespace {

using nlohmann::json;

constexpr Side kFrom = Side::kIdentityProvider;
constexpr size_t kSidBytesMax = 256;

Result<std::shared_ptr<const JwkSet>> keys_of(const Reach& reach, const Client& client, std::string_view token,
                                              Checks& checks) {
  const auto header = read_jws_header(token);
  CHECKED(checks.demand(header.has_value(), "token", "a signed one: " + std::string(kJoseAlgorithms),
                        header ? "" : header.error().what, header ? Error{} : header.error()));
  return reach.keys.keys_for(reach.fetcher, client.name, client.provider.network, client.document.jwks_uri, *header,
                             checks);
}

Result<TokenAnswer> exchange(const Reach& reach, const Client& client, const Answer& answer, Checks& checks) {
  TRY(const FetchRequest request, token_request(client.document, client.provider, client.client_secret,
                                                answer.callback.code, answer.flow.verifier, answer.redirect_uri));
  TRY(FetchReply reply, fetch_any(reach.fetcher, request, "token endpoint", checks));
  return read_token_answer(reply, checks);
}

Result<json> ask_userinfo(const Reach& reach, const Client& client, const SecretBytes& access_token,
                          const std::string& sub, Checks& checks) {
  if (!client.document.userinfo_endpoint) return fail(Code::kUnsupported, kFrom, "provider has no userinfo endpoint");
  FetchRequest request = request_to(*client.document.userinfo_endpoint, client.provider.network, kUserinfoBytesMax);
  constexpr std::string_view kScheme = "Bearer ";
  TRY(request.authorization, SecretBytes::of_size(kScheme.size() + access_token.size()));
  std::ranges::copy(access_token.view(),
                    std::ranges::copy(as_bytes(kScheme), request.authorization.span().begin()).out);
  TRY(const FetchReply reply, fetch_ok(reach.fetcher, request, "userinfo endpoint", checks));
  return read_userinfo(reply.content_type, reply.body, sub, checks);
}

Result<ExternalIdentity> run(const Reach& reach, const Client& client, const Answer& answer, OidcVerdict& verdict) {
  Checks& checks = verdict.checks;
  CHECKED(check_callback(answer.callback, client.document, checks));
  TRY(TokenAnswer tokens, exchange(reach, client, answer, checks));
  const std::string_view token = tokens.id_token.reveal();
  TRY(const auto keys, keys_of(reach, client, token, checks));
  const IdTokenRules rules{.settings = client.provider.oidc,
                           .nonce = answer.flow.nonce,
                           .max_age = answer.max_age,
                           .access_token = tokens.access_token.reveal(),
                           .now = reach.clock.wall()};
  TRY(const json claims, verify_id_token(token, *keys, rules, checks));
  verdict.sub = *text_member(claims, "sub");
  json userinfo;
  if (client.provider.oidc.userinfo) {
    TRY(userinfo, ask_userinfo(reach, client, tokens.access_token, verdict.sub, checks));
  }
  TRY(ExternalIdentity out, identity_of(client.provider, claims, userinfo, checks));
  const std::string* sid = text_member(claims, "sid");
  if (sid != nullptr && sid->size() <= kSidBytesMax) verdict.sid = *sid;
  verdict.id_token = std::move(tokens.id_token);
  return out;
}

}  // namespace

OidcVerdict oidc_sign_in(const Reach& reach, const Client& client, const Answer& answer) {
  OidcVerdict out{fail(Code::kInternal, Side::kSelf, "not begun"), {}, {}, {}, {}};
  out.identity = run(reach, client, answer, out);
  return out;
}

LogoutVerdict oidc_logout(const Reach& reach, const Client& client, std::string_view token) {
  LogoutVerdict out{fail(Code::kInternal, Side::kSelf, "not begun"), {}};
  out.notice = [&]() -> Result<LogoutNotice> {
    TRY(const auto keys, keys_of(reach, client, token, out.checks));
    return verify_logout_token(token, *keys, client.provider.oidc, reach.clock.wall(), out.checks);
  }();
  return out;
}

}  // namespace sallyport::sso::oidc
