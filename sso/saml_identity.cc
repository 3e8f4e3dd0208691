#include "sso/saml_identity.h"

#include <array>
#include <span>

#include "policy/snapshot.h"

namespace sallyport::sso {
namespace {

constexpr std::string_view kTransient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
constexpr std::string_view kEmailAddress = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
// As providers call them: by name, by object identifier, by Microsoft's claim type.
constexpr std::array<std::string_view, 6> kEmailNames{
    "mail",
    "email",
    "emailAddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "urn:oid:1.2.840.113549.1.9.1",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"};
constexpr std::array<std::string_view, 5> kNameNames{"uid", "username", "sAMAccountName",
                                                     "urn:oid:0.9.2342.19200300.100.1.1",
                                                     "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"};

std::string first_of(const saml::Claims& claims, std::string_view configured, std::span<const std::string_view> usual) {
  if (!configured.empty()) {
    const auto values = claims.values_of(configured);
    return values.empty() ? "" : values.front();
  }
  for (const std::string_view name : usual)
    if (const auto values = claims.values_of(name); !values.empty()) return values.front();
  return "";
}

// "urn:...:PasswordProtectedTransport" as its last word.
std::string short_context(std::string_view context) {
  const size_t colon = context.rfind(':');
  return std::string(context.substr(colon == context.npos ? 0 : colon + 1));
}

}  // namespace

Result<ExternalIdentity> identity_of_claims(const policy::IdentityProvider& provider, const saml::Claims& claims) {
  ExternalIdentity out;
  out.email = first_of(claims, provider.attributes.email, kEmailNames);
  if (out.email.empty() && provider.attributes.email.empty() && claims.name_id.format == kEmailAddress)
    out.email = claims.name_id.value;
  out.name = first_of(claims, provider.attributes.name, kNameNames);
  if (!provider.attributes.subject.empty()) {
    const auto values = claims.values_of(provider.attributes.subject);
    if (values.size() != 1)
      return fail(Code::kDenied, Side::kIdentityProvider, "the attribute that tells people apart is not there once");
    out.subject = values.front();
  } else if (claims.name_id.format == kTransient) {
    if (out.email.empty())
      return fail(Code::kDenied, Side::kIdentityProvider,
                  "the NameID is transient, and there is no e-mail address to know this person by: set "
                  "attributes.subject");
    out.subject = "email:" + policy::lower_case(out.email);
  } else {
    out.subject = claims.name_id.value;
  }
  if (out.subject.empty() || out.subject.size() > kSubjectBytesMax)
    return fail(Code::kDenied, Side::kIdentityProvider, "what tells people apart is empty or too long");
  out.groups = claims.values_of(provider.groups.attribute);
  if (out.groups.size() > kAssertedGroupsMax) return fail(Code::kLimit, Side::kIdentityProvider, "too many groups");
  out.means = "saml";
  if (!claims.authn_context.empty()) out.means += ", " + short_context(claims.authn_context);
  out.session_end = claims.session_not_on_or_after;
  return out;
}

}  // namespace sallyport::sso
