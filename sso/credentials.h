// What a sign-in sends: as a form (with the hidden fields) or as JSON {user, password, flow}. The password goes
// straight into secret memory; the copies made on the way are wiped.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace sallyport::sso {

struct Credentials {
  std::string user;  // without white space around it
  SecretBytes password;
  std::string flow;  // empty: none
  std::string csrf;  // forms only
};

// A form may come without user and password: both are empty then, and its csrf field can still be judged.
// errors: kMalformed bad syntax, or (JSON) a member is missing, empty or no string; kLimit too many fields, no secret
// memory.
Result<Credentials> read_credentials_form(const SecretBytes& body);
Result<Credentials> read_credentials_json(const SecretBytes& body);

// A field of a form without secrets; empty when it is missing or there twice.
std::string read_form_field(const SecretBytes& body, std::string_view name);

// A secret of a form or of a JSON object (there: a string). Empty when it is missing or there twice.
// errors: kMalformed bad syntax; kLimit.
Result<SecretBytes> read_secret_field(const SecretBytes& form, std::string_view name);
Result<SecretBytes> read_secret_member(const SecretBytes& json, const char* name);

}  // namespace sallyport::sso
