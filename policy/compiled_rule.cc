#include "policy/compiled_rule.h"

#include <algorithm>
#include <array>

namespace sallyport::policy {
namespace {

constexpr std::array<std::string_view, 8> kMethods{"GET",   "HEAD",   "POST",    "PUT",
                                                   "PATCH", "DELETE", "OPTIONS", "PROPFIND"};

void compile_methods(const std::vector<std::string>& methods, CompiledRule& out) {
  out.every_method = methods.empty();
  for (const std::string& method : methods) {
    const uint8_t bit = method_bit(method);
    out.methods |= bit;
    if (bit == 0) out.other_methods = true;
  }
  if ((out.methods & method_bit("GET")) != 0) out.methods |= method_bit("HEAD");
}

bool names_every_path(const std::vector<std::string>& paths) {
  return paths.empty() || std::ranges::find(paths, "/") != paths.end();
}

}  // namespace

uint8_t role_bit(Role role) {
  switch (role) {
    case Role::kNone:
      return 0;
    case Role::kDashboard:
      return 1;
    case Role::kViewer:
      return 2;
    case Role::kMember:
      return 4;
    case Role::kOwner:
      return 8;
  }
  return 0;
}

uint8_t role_bits(std::span<const Role> roles) {
  uint8_t bits = 0;
  for (const Role role : roles) bits |= role_bit(role);
  return bits;
}

uint8_t method_bit(std::string_view method) {
  for (size_t i = 0; i < kMethods.size(); ++i) {
    if (kMethods[i] == method) return static_cast<uint8_t>(1u << i);
  }
  return 0;
}

CompiledRule::CompiledRule(const AccessRule& rule)
    : roles(role_bits(rule.roles)), every_path(names_every_path(rule.paths)), admitted(rule.networks) {
  compile_methods(rule.methods, *this);
}

CompiledRule::CompiledRule(const Area& area, bool ignores_case)
    : roles(role_bits(area.roles)),
      read_only_for(role_bits(area.read_only_for)),
      every_path(!area.whole_path && names_every_path(area.paths)),
      whole_path(area.whole_path),
      ignore_case(ignores_case),
      admitted(area.networks) {
  compile_methods(area.methods, *this);
}

}  // namespace sallyport::policy
