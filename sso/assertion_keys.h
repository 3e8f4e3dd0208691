// The keys that sign what upstreams are told about a person (X-Sallyport-Jwt-Assertion), as one immutable value that
// the workers share: one key signs, the next is published already, and one that has retired stays published as long as
// something it signed may have to be verified.
//
//   made, published, in reserve --(30 days, or `key rotate-jwt`)--> signs --(the next one)--> retired
//     --(25 hours)--> no longer published, kept in the store
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/record_id.h"
#include "sso/p256.h"

namespace sallyport::sso {

constexpr std::chrono::days kKeySigns{30};             // then the one in reserve does
constexpr std::chrono::minutes kPublishedFirst{10};    // before a key signs by itself
constexpr std::chrono::hours kPublishedAfter{24 + 1};  // the last use; the hour is for who follows late
constexpr std::chrono::minutes kAssertionLife{5};
constexpr std::chrono::seconds kJwkSetLife{300};  // how long an upstream may keep the set without asking again

struct AssertionKey {
  RecordId id;
  WallMicros made_at{};                  // published from then on
  std::optional<WallMicros> signs_from;  // none: in reserve
  SecretBytes scalar;                    // the private half
  P256Point point;
  std::string kid;  // the point's thumbprint (RFC 7638)
};

// What each of the keys is there for. keys: in any order.   cost: linear.
const AssertionKey* signing_key(std::span<const AssertionKey> keys);  // the last that began; null: none
const AssertionKey* reserve_key(std::span<const AssertionKey> keys);  // the last made; null: none
// When `key`, one of `keys`, leaves the published set; none while it signs or is in reserve.
std::optional<WallMicros> published_until(std::span<const AssertionKey> keys, const AssertionKey& key);

// Who is told what about whom. Views of the caller's.
struct AssertionClaims {
  std::string_view audience;  // the host that was asked, without port
  std::string_view user;
  UserId user_id;  // a name may be given to somebody else one day, this never
  std::string_view email;
  std::string_view role;
  std::string_view resource;
};

class AssertionKeys {
 public:
  // Of the private halves only the one that signs is kept.   issuer: the gate's origin.
  // errors: kNotFound none of the keys signs; those of P256Key::open().
  static Result<std::shared_ptr<const AssertionKeys>> make(std::string issuer, const std::vector<AssertionKey>& keys);

  const std::string& kid() const { return kid_; }  // of the one that signs
  // A JWT (RFC 7519) that counts from `now` on for kAssertionLife.   cost: about 30 us.
  std::string sign(const AssertionClaims& claims, WallMicros now) const;
  // {"keys": [...]}: the one that signs first (RFC 7517 s5).
  std::string jwk_set(WallMicros now) const;

 private:
  struct Published {
    std::string jwk;
    std::optional<WallMicros> until;
  };
  AssertionKeys(std::string issuer, std::string kid, P256Key key);

  std::string issuer_;
  std::string kid_;
  P256Key key_;
  std::string header_;  // coded
  std::vector<Published> published_;
};

}  // namespace sallyport::sso
