// Shapes that several kinds of resource share.
#pragma once

#include "policy/shape_checks.h"

namespace sallyport::policy {

inline constexpr int64_t kNetworksMax = 1'000'000;
inline constexpr int64_t kPeopleMax = 100'000;
inline constexpr int64_t kSecretsMax = 64;
inline constexpr int64_t kSecretBytesMax = 65536;
inline constexpr int64_t kPemBytesMax = 1 << 20;

constexpr Shape empty_is_fine(Shape shape) {
  shape.min = 0;
  return shape;
}
constexpr Shape with_lines(Shape shape) {
  shape.lines = true;
  return shape;
}
constexpr Shape shown(Shape shape) {
  shape.shown = true;
  return shape;
}

inline constexpr Shape kName = shown(text_shape("a name like alice", check_name, kNamePattern));
inline constexpr Shape kCidr = text_shape("an address or a network like 10.0.0.0/8", check_cidr);
inline constexpr Shape kNetworks = list_shape(&kCidr, 0, kNetworksMax);
inline constexpr Shape kLongDuration =
    text_shape("a duration like 30s, 15m, 12h or 14d", check_long_duration, "^[0-9]+(ms|s|m|h|d)$");
inline constexpr Shape kTimeout =
    text_shape("a duration like 500ms, 30s or 15m", check_timeout, "^[0-9]+(ms|s|m|h|d)$");

inline constexpr Choice kRoleChoices[] = {{"owner"}, {"member"}, {"viewer"}, {"dashboard"}, {"none"}};
inline constexpr Shape kRole = choice_shape(kRoleChoices);
inline constexpr Shape kPeople = map_shape(check_name, &kRole, kPeopleMax);

inline constexpr Shape kSecretValue =
    or_null(with_lines(empty_is_fine(text_shape("text", nullptr, "", kSecretBytesMax))));
inline constexpr Shape kCa = or_null(with_lines(text_shape("PEM certificates", check_ca, "", kPemBytesMax)));

inline constexpr Key kSessionKeys[] = {
    {"absolute", &kLongDuration, Need::kOptional, "a session ends after this, whatever happens (14d)"},
    {"idle", &kLongDuration, Need::kOptional, "and after this without use (12h)"}};
inline constexpr Shape kSessions = object_shape(kSessionKeys);

inline constexpr Choice kStrengthChoices[] = {{"password"}, {"mfa"}};
inline constexpr Shape kStrength = choice_shape(kStrengthChoices);

}  // namespace sallyport::policy
