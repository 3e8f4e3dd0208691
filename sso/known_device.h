// The cookie of a device on which somebody has signed in before. Its holder's attempts at that account are counted
// apart from those of strangers, who therefore cannot lock the person out. It proves nothing else: whoever steals one
// has a few attempts of his own (docs/decisions/0016).
//
//   ID.ENTRY[.ENTRY...]   ID: 16 random bytes; ENTRY: one account, 8 bytes of time and 32 of MAC; base64url
//   MAC: HMAC-SHA-256 under a key for this alone, over ID, user id, the epoch of the user's password, the time
//
// An entry counts for kDeviceLife, and until the password is changed. Up to kDeviceAccountsMax people share a browser.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/digest.h"
#include "base/record_id.h"
#include "base/secret.h"
#include "policy/snapshot.h"

namespace sallyport::sso {

constexpr std::string_view kDeviceCookie = "__Host-sallyport-device";
constexpr std::chrono::days kDeviceLife{180};
constexpr size_t kDeviceAccountsMax = 4;  // the newest ones

struct DeviceAccount {
  UserId user;
  uint64_t password_epoch = 0;
};
DeviceAccount device_account(const policy::CompiledUser& user);

class KnownDevices {
 public:
  explicit KnownDevices(SecretBytes key) : key_(std::move(key)) {}

  // The bucket of attempts (sso/attempt_limiter.h) of this device at this account. Nothing: it is not known there.
  std::optional<Sha256> bucket(std::optional<std::string_view> cookie, const DeviceAccount& account,
                               WallMicros now) const;
  // The cookie after a sign-in with the right password: the one it had, with an entry for this account in front.
  std::string remember(std::optional<std::string_view> cookie, const DeviceAccount& account, WallMicros now) const;

 private:
  SecretBytes key_;
};

}  // namespace sallyport::sso
