#include "sso/oidc/token_endpoint.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "base/http/field.h"
#include "sso/oidc/provider_fetch.h"
#include "sso/strict_json.h"

namespace sallyport::sso::oidc {
namespace {

using nlohmann::json;
using policy::OidcClientAuth;

constexpr Side kFrom = Side::kIdentityProvider;
constexpr size_t kErrorBytesMax = 100;

std::unexpected<Error> broken(const char* what) { return malformed(kFrom, what); }

// Text that grows inside secret memory, up to what it was made for.
class SecretWriter {
 public:
  explicit SecretWriter(SecretBytes room) : room_(std::move(room)) {}
  void add(std::string_view text) {
    std::ranges::copy(as_bytes(text), room_.span().begin() + static_cast<long>(used_));
    used_ += text.size();
  }
  void add_encoded(std::string_view text) {
    for (const char& each : text) add(http::percent_encode({&each, 1}));
  }
  SecretBytes take() {
    room_.shrink(used_);
    return std::move(room_);
  }

 private:
  SecretBytes room_;
  size_t used_ = 0;
};
constexpr size_t kEncodedBytesMax = 3;  // of one byte

struct Field {
  std::string_view name;
  std::string_view value;
};

Result<SecretBytes> form_of(std::initializer_list<Field> fields) {
  size_t room = 0;
  for (const auto& [name, value] : fields) room += name.size() + kEncodedBytesMax * value.size() + 2;
  TRY(SecretBytes bytes, SecretBytes::of_size(room));
  SecretWriter out(std::move(bytes));
  bool first = true;
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    if (!std::exchange(first, false)) out.add("&");
    out.add(name);
    out.add("=");
    out.add_encoded(value);
  }
  return out.take();
}

// The member's text, moved out of ordinary memory.   errors: kMalformed it is not there, empty, or something else
Result<SecretBytes> taken(json& answer, const char* member) {
  const auto found = answer.find(member);
  auto* text = found == answer.end() ? nullptr : found->get_ptr<std::string*>();
  if (text == nullptr || text->empty()) return broken("token answer lacks a token");
  auto out = SecretBytes::copy_of(*text);
  wipe(*text);
  return out;
}

bool is_bearer(const json& answer) {
  const std::string* type = text_member(answer, "token_type");
  return type != nullptr && http::iequals(*type, "Bearer");
}

// Whatever else stands in it may be a secret as well (a refresh token).
void wipe_texts(json& answer) {
  for (json& each : answer)
    if (auto* text = each.get_ptr<std::string*>()) wipe(*text);
}

Result<TokenAnswer> read_tokens(json& answer, Checks& checks) {
  CHECKED(checks.require(is_bearer(answer), "token type", "Bearer", is_bearer(answer) ? "Bearer" : "another, or none",
                         {Code::kMalformed, kFrom, "token answer is of another type"}));
  TokenAnswer out;
  TRY(out.access_token, checks.note("access token", "there", taken(answer, "access_token")));
  TRY(out.id_token, checks.note("ID token", "there", taken(answer, "id_token")));
  return out;
}

Error refused(const FetchReply& reply, std::string_view error) {
  if (reply.status >= 500) return {Code::kUnavailable, kFrom, "token endpoint failed"};
  if (error == "invalid_client" || error == "unauthorized_client" || reply.status == 401)
    return {Code::kDenied, kFrom, "provider refused this client (client_id, client_secret, client_auth)"};
  if (error == "invalid_grant") return {Code::kDenied, kFrom, "provider refused the code"};
  return {Code::kDenied, kFrom, "token endpoint refused"};
}

}  // namespace

std::string refusal_of(std::string_view body) {
  const auto answer = parse_strict_object(body);
  const std::string* error = answer ? text_member(*answer, "error") : nullptr;
  if (error == nullptr || error->size() > kErrorBytesMax) return {};
  return std::ranges::all_of(*error, [](char c) { return c >= 0x20 && c <= 0x7e; }) ? *error : std::string();
}

Result<SecretBytes> basic_authorization(std::string_view client_id, const SecretBytes& client_secret) {
  TRY(SecretBytes room, SecretBytes::of_size(kEncodedBytesMax * (client_id.size() + client_secret.size()) + 1));
  SecretWriter pair(std::move(room));
  pair.add_encoded(client_id);
  pair.add(":");
  pair.add_encoded(client_secret.reveal());
  const SecretBytes plain = pair.take();
  constexpr std::string_view kScheme = "Basic ";
  std::string coded = base64_encode(plain.view());
  auto out = SecretBytes::of_size(kScheme.size() + coded.size());
  if (out) std::ranges::copy(as_bytes(coded), std::ranges::copy(as_bytes(kScheme), out->span().begin()).out);
  wipe(coded);
  return out;
}

Result<FetchRequest> token_request(const ProviderDocument& document, const policy::IdentityProvider& provider,
                                   const SecretBytes& client_secret, std::string_view code, const SecretBytes& verifier,
                                   std::string_view redirect_uri) {
  FetchRequest out = request_to(document.token_endpoint, provider.network, kTokenAnswerBytesMax);
  out.method = FetchRequest::Method::kPost;
  const OidcClientAuth shown_by = provider.oidc.client_auth;
  if (shown_by != OidcClientAuth::kNone && client_secret.empty())
    return malformed(Side::kSelf, "provider has no client secret");
  if (shown_by == OidcClientAuth::kBasic) {
    TRY(out.authorization, basic_authorization(provider.oidc.client_id, client_secret));
  }
  const bool in_form = shown_by == OidcClientAuth::kPost;
  TRY(out.form,
      form_of({{"grant_type", "authorization_code"},
               {"code", code},
               {"redirect_uri", redirect_uri},
               {"code_verifier", verifier.reveal()},
               {"client_id", shown_by == OidcClientAuth::kBasic ? std::string_view() : provider.oidc.client_id},
               {"client_secret", in_form ? client_secret.reveal() : std::string_view()}}));
  return out;
}

Result<TokenAnswer> read_token_answer(FetchReply& reply, Checks& checks) {
  const std::string error = reply.status == 200 ? std::string() : refusal_of(reply.body);
  auto answer = parse_strict_object(reply.body);
  wipe(reply.body);
  CHECKED(checks.require(reply.status == 200, "token endpoint", "200",
                         std::to_string(reply.status) + (error.empty() ? "" : " " + error), refused(reply, error)));
  CHECKED(checks.demand(answer.has_value(), "token answer", "a JSON object", answer ? "" : answer.error().what,
                        {Code::kMalformed, kFrom, "token answer is no JSON object, or has a member twice"}));
  auto out = read_tokens(*answer, checks);
  wipe_texts(*answer);
  return out;
}

}  // namespace sallyport::sso::oidc
