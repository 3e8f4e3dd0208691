// What is asked of every access rule and area of a resource, side by side in a few bytes: roles and methods as bits,
// and the networks made for asking. Paths stay in the rule itself; they are looked at last.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "policy/address_set.h"
#include "policy/resource.h"

namespace sallyport::policy {

// No bit for Role::kNone: no list admits it.
uint8_t role_bit(Role role);
uint8_t role_bits(std::span<const Role> roles);

// One bit for each usual method; 0 for any other.
uint8_t method_bit(std::string_view method);

struct CompiledRule {
  uint8_t roles = 0;
  uint8_t read_only_for = 0;
  uint8_t methods = 0;         // GET brings HEAD with it
  bool every_method = true;    // the rule names none
  bool other_methods = false;  // it names some without a bit: compare the words
  bool every_path = false;     // it names none, or "/"
  bool whole_path = false;     // nothing below the paths it names
  bool ignore_case = false;    // of paths
  AddressSet admitted;

  explicit CompiledRule(const AccessRule& rule);
  CompiledRule(const Area& area, bool ignores_case);
};

}  // namespace sallyport::policy
