// The little that is read of a distinguished name in its text form (RFC 4514). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::sso::ldap {

// The first value of the first part, unescaped: "Doe, Jane" of "CN=Doe\, Jane+uid=jd,OU=People,DC=example".
// Nothing, when it does not begin with TYPE=VALUE, the value is empty, in BER ("#0403...") or in quotes (RFC 2253 s4),
// or has a control byte.
std::optional<std::string> first_rdn_value(std::string_view dn);

// The same for two spellings that differ in the case of ASCII letters or in spaces beside ',', '+' and '=' alone. Other
// spellings of one name may differ here: good for not going round in circles, not for telling people apart.
std::string spelling_of(std::string_view dn);

}  // namespace sallyport::sso::ldap
