#include "sso/oidc/provider_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sso/jwk_set.h"
#include "sso/oidc/provider_fetch.h"
#include "sso/strict_json.h"

namespace sallyport::sso::oidc {
namespace {

using nlohmann::json;

constexpr Side kFrom = Side::kIdentityProvider;
constexpr size_t kListMax = 200;
constexpr size_t kUrlBytesMax = 2048;

Error broken(const char* what) { return {Code::kMalformed, kFrom, what}; }
Error unsupported(const char* what) { return {Code::kUnsupported, kFrom, what}; }

// A member that is a list of texts; nothing when it is not there.
Result<std::optional<std::vector<std::string>>> list_of(const json& document, const char* member) {
  const auto found = document.find(member);
  if (found == document.end()) return std::nullopt;
  std::vector<std::string> out;
  if (!found->is_array() || found->size() > kListMax)
    return std::unexpected(broken("provider's document has a member of another type"));
  for (const json& each : *found) {
    const auto* text = each.get_ptr<const std::string*>();
    if (text == nullptr) return std::unexpected(broken("provider's document has a member of another type"));
    out.push_back(*text);
  }
  return out;
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& each : list) out.append(out.empty() ? "" : " ").append(each);
  return out.empty() ? "none" : out;
}

bool has(const std::vector<std::string>& list, std::string_view wanted) {
  return std::ranges::find(list, wanted) != list.end();
}

class Reader {
 public:
  Reader(const json& document, Checks& checks) : document_(document), checks_(checks) {}

  Result<http::Url> url(const char* member) {
    const std::string* text = text_member(document_, member);
    auto out = text == nullptr || text->size() > kUrlBytesMax
                   ? Result<http::Url>(std::unexpected(broken("provider's document lacks an endpoint")))
                   : parse_fetch_url(*text, kFrom);
    CHECKED(checks_.require(out.has_value(), member, "an https URL", text == nullptr ? "none" : *text,
                            broken("provider's document has an endpoint that is no https URL")));
    return out;
  }
  Result<std::optional<http::Url>> optional_url(const char* member) {
    if (!document_.contains(member)) return std::nullopt;
    TRY(http::Url out, url(member));
    return std::optional(std::move(out));
  }
  // otherwise: what it is taken for when the document does not say.
  Result<void> supports(const char* member, std::string_view wanted, std::vector<std::string> otherwise, Error error) {
    TRY(const auto said, checks_.note(member, "a list of texts", list_of(document_, member)));
    const auto& list = said ? *said : otherwise;
    return checks_.require(has(list, wanted), member, wanted, joined(list), error);
  }
  Result<void> supports_an_algorithm() {
    constexpr const char* kMember = "id_token_signing_alg_values_supported";
    TRY(const auto said, checks_.note(kMember, "a list of texts", list_of(document_, kMember)));
    const auto list = said.value_or(std::vector<std::string>{"RS256"});
    const bool any = std::ranges::any_of(list, [](const auto& name) { return jose_algorithm(name).has_value(); });
    return checks_.require(any, kMember, kJoseAlgorithms, joined(list),
                           unsupported("provider signs with no algorithm that is taken"));
  }
  bool flag(const char* member) const {
    const auto found = document_.find(member);
    return found != document_.end() && found->is_boolean() && found->get<bool>();
  }

 private:
  const json& document_;
  Checks& checks_;
};

Result<ProviderDocument> read(const json& document, const policy::OidcSettings& settings, Checks& checks) {
  ProviderDocument out;
  const std::string* issuer = text_member(document, "issuer");
  CHECKED(checks.require(issuer != nullptr && *issuer == settings.issuer, "issuer", settings.issuer,
                         issuer == nullptr ? "none" : *issuer,
                         {Code::kDenied, kFrom, "provider's document is about another issuer"}));
  out.issuer = *issuer;
  Reader reader(document, checks);
  TRY(out.authorization_endpoint, reader.url("authorization_endpoint"));
  TRY(out.token_endpoint, reader.url("token_endpoint"));
  TRY(out.jwks_uri, reader.url("jwks_uri"));
  TRY(out.userinfo_endpoint, reader.optional_url("userinfo_endpoint"));
  TRY(out.end_session_endpoint, reader.optional_url("end_session_endpoint"));
  CHECKED(checks.demand(!settings.userinfo || out.userinfo_endpoint, "userinfo_endpoint", "an https URL", "none",
                        unsupported("provider has no userinfo endpoint")));
  CHECKED(reader.supports("response_types_supported", "code", {}, unsupported("provider has no code flow")));
  if (document.contains("code_challenge_methods_supported"))  // many that can do not say so
    CHECKED(reader.supports("code_challenge_methods_supported", "S256", {}, unsupported("provider has no PKCE")));
  CHECKED(reader.supports_an_algorithm());
  constexpr Error kNotThatWay = {Code::kUnsupported, kFrom, "provider does not take how this client shows itself"};
  if (settings.client_auth != policy::OidcClientAuth::kNone)  // those that take public clients often do not say so
    CHECKED(reader.supports(
        "token_endpoint_auth_methods_supported",
        settings.client_auth == policy::OidcClientAuth::kBasic ? "client_secret_basic" : "client_secret_post",
        {"client_secret_basic"}, kNotThatWay));
  TRY(auto scopes, checks.note("scopes_supported", "a list of texts", list_of(document, "scopes_supported")));
  out.scopes = std::move(scopes).value_or(std::vector<std::string>());
  out.issuer_in_answers = reader.flag("authorization_response_iss_parameter_supported");
  out.backchannel_logout = reader.flag("backchannel_logout_supported");
  return out;
}

}  // namespace

Result<http::Url> provider_document_url(std::string_view issuer) {
  std::string text(issuer.substr(0, issuer.ends_with('/') ? issuer.size() - 1 : issuer.size()));
  if (text.find('?') != text.npos) return malformed(kFrom, "issuer has a query");
  return parse_fetch_url(text.append("/.well-known/openid-configuration"), kFrom);
}

Result<ProviderDocument> read_provider_document(std::string_view text, const policy::OidcSettings& settings,
                                                Checks& checks) {
  CHECKED(checks.demand(text.size() <= kProviderDocumentBytesMax, "provider's document", "at most 256 KiB", "larger",
                        {Code::kTooLarge, kFrom, "provider's document is too large"}));
  const auto document = parse_strict_object(text);
  CHECKED(checks.demand(document.has_value(), "provider's document", "a JSON object",
                        document ? "" : document.error().what, broken("provider's document is no JSON object")));
  return read(*document, settings, checks);
}

Result<FetchedDocument> fetch_provider_document(Fetcher& fetcher, const policy::IdentityProvider& provider,
                                                Checks& checks) {
  const auto url = provider_document_url(provider.oidc.issuer);
  CHECKED(
      checks.demand(url.has_value(), "issuer", "an https URL", provider.oidc.issuer, broken("issuer is no https URL")));
  TRY(FetchReply reply,
      fetch_ok(fetcher, request_to(*url, provider.network, kProviderDocumentBytesMax), "provider's document", checks));
  TRY(ProviderDocument document, read_provider_document(reply.body, provider.oidc, checks));
  return FetchedDocument{std::move(document), std::move(reply.body), reply.certificate_ends};
}

}  // namespace sallyport::sso::oidc
