#include "sso/oidc/authorization.h"

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/http/cookie.h"
#include "base/random.h"

namespace sallyport::sso::oidc {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr size_t kParametersMax = 32;

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& each : list) out.append(out.empty() ? "" : " ").append(each);
  return out;
}

// An endpoint that gets parameters behind those of its own; an empty value is left out.
class Query {
 public:
  explicit Query(const http::Url& endpoint) : text_(endpoint.to_string()), any_(!endpoint.query.empty()) {}
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text_.append(any_ ? "&" : "?").append(name).append("=").append(http::percent_encode(value));
    any_ = true;
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  bool any_;
};

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c <= 0x7e; });
}

}  // namespace

Result<FlowSecrets> new_flow_secrets() {
  auto bytes = random_bytes<32>();
  std::string text = base64url_encode(bytes);
  wipe(bytes);
  auto verifier = SecretBytes::copy_of(text);
  wipe(text);
  if (!verifier) return std::unexpected(verifier.error());
  return FlowSecrets{*std::move(verifier), base64url_encode(random_bytes<16>())};
}

std::string pkce_challenge(const SecretBytes& verifier) { return base64url_encode(sha256(verifier.view())); }

std::string authorization_url(const ProviderDocument& document, const policy::OidcSettings& settings,
                              const AuthorizationWish& wish) {
  Query query(document.authorization_endpoint);
  query.add("response_type", "code");
  query.add("client_id", settings.client_id);
  query.add("redirect_uri", wish.redirect_uri);
  query.add("scope", joined(settings.scopes));
  query.add("state", wish.state);
  query.add("nonce", wish.nonce);
  query.add("code_challenge", wish.challenge);
  query.add("code_challenge_method", "S256");
  query.add("acr_values", joined(settings.acr_values));
  query.add("login_hint", wish.login_hint);
  query.add("prompt", wish.prompt);
  if (wish.max_age) query.add("max_age", std::to_string(wish.max_age->count()));
  return query.take();
}

Result<Callback> read_callback(std::string_view query) {
  if (query.size() > kCallbackBytesMax) return fail(Code::kTooLarge, Side::kClient, "answer's query is too large");
  Callback out;
  std::string issuer;
  struct Wanted {
    std::string_view name;
    std::string* into;
    bool seen = false;
  };
  std::array wanted{Wanted{"state", &out.state}, Wanted{"code", &out.code}, Wanted{"error", &out.error},
                    Wanted{"iss", &issuer}};
  size_t count = 0;
  while (!query.empty()) {
    if (++count > kParametersMax) return malformed(Side::kClient, "answer's query has too many parameters");
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    auto name = http::form_decode(pair.substr(0, equals));
    auto value = http::form_decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return malformed(Side::kClient, "answer's query is badly coded");
    const auto found = std::ranges::find(wanted, *name, &Wanted::name);
    if (found == wanted.end()) continue;
    if (found->seen) return malformed(Side::kClient, "answer's query has a parameter twice");
    found->seen = true;
    *found->into = *std::move(value);
  }
  if (wanted[3].seen) out.issuer = std::move(issuer);
  if (out.state.empty()) return malformed(Side::kClient, "answer has no state");
  if (out.code.empty() == out.error.empty())
    return malformed(Side::kClient, "answer has neither code nor error, or both");
  if (!printable(out.code) || !printable(out.error)) return malformed(Side::kClient, "answer's code is not printable");
  return out;
}

Result<void> check_callback(const Callback& callback, const ProviderDocument& document, Checks& checks) {
  if (callback.issuer || document.issuer_in_answers)
    CHECKED(checks.require(callback.issuer == document.issuer, "answer's issuer", document.issuer,
                           callback.issuer.value_or("none"), {Code::kDenied, kFrom, "answer is of another provider"}));
  return checks.require(callback.error.empty(), "answer", "a code", callback.error.empty() ? "ok" : callback.error,
                        {Code::kDenied, kFrom, "provider did not sign the user in"});
}

std::string logout_url(const ProviderDocument& document, const policy::OidcSettings& settings, const LogoutWish& wish) {
  if (!document.end_session_endpoint) return {};
  Query query(*document.end_session_endpoint);
  query.add("id_token_hint", wish.id_token_hint);
  query.add("client_id", settings.client_id);
  query.add("post_logout_redirect_uri", wish.post_logout_redirect_uri);
  query.add("state", wish.state);
  return query.take();
}

}  // namespace sallyport::sso::oidc
