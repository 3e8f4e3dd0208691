// What a provider says of a person, once all of it is verified.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace sallyport::sso::saml {

struct NameId {
  std::string value;
  std::string format;             // "" when it was not said
  std::string name_qualifier;     // likewise
  std::string sp_name_qualifier;  // likewise
  friend bool operator==(const NameId&, const NameId&) = default;
};

struct Attribute {
  std::string name;
  std::string name_format;
  std::string friendly_name;
  std::vector<std::string> values;  // white space at both ends taken off; values that are XML or nil are left out
};

struct Claims {
  std::string issuer;
  NameId name_id;
  std::optional<std::string> session_index;
  std::string authn_context;  // AuthnContextClassRef, "" when it was not said
  WallMicros authn_instant{};
  WallMicros not_on_or_after{};  // the earliest of the times after which it would be refused
  WallMicros replay_until{};     // how long assertion_id has to be remembered: that, and the clock skew
  std::optional<WallMicros> session_not_on_or_after;
  std::string assertion_id;  // of one use: the caller keeps a table
  std::vector<Attribute> attributes;

  // All values of all attributes with this name or friendly name, in order.
  std::vector<std::string> values_of(std::string_view attribute) const;
};

inline std::vector<std::string> Claims::values_of(std::string_view attribute) const {
  std::vector<std::string> out;
  for (const Attribute& each : attributes)
    if (each.name == attribute || each.friendly_name == attribute)
      out.insert(out.end(), each.values.begin(), each.values.end());
  return out;
}

}  // namespace sallyport::sso::saml
