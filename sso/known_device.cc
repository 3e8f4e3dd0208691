#include "sso/known_device.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"

namespace sallyport::sso {
namespace {

constexpr size_t kIdBytes = 16;
constexpr size_t kTimeBytes = 8;
constexpr size_t kEntryBytes = kTimeBytes + sizeof(Sha256);

struct Cookie {
  Bytes id;
  std::vector<Bytes> entries;
};

void append_number(Bytes& out, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::byte>(number >> shift));
}

// What is not in this form was not written here, and is as good as none.
std::optional<Cookie> read(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  Cookie out;
  for (size_t from = 0; from <= text->size();) {
    const size_t end = std::min(text->find('.', from), text->size());
    const auto part = base64url_decode(text->substr(from, end - from));
    const bool first = from == 0;
    if (!part || part->size() != (first ? kIdBytes : kEntryBytes) || out.entries.size() == kDeviceAccountsMax)
      return std::nullopt;
    if (first)
      out.id = *part;
    else
      out.entries.push_back(*part);
    from = end + 1;
  }
  return out;
}

int64_t time_of(const Bytes& entry) {
  uint64_t out = 0;
  for (size_t i = 0; i < kTimeBytes; ++i) out = out << 8 | std::to_integer<uint64_t>(entry[i]);
  return static_cast<int64_t>(out);
}

Bytes entry_of(const SecretBytes& key, const Bytes& id, const DeviceAccount& account, int64_t micros) {
  Bytes message = id;
  const ByteView user = account.user.view();
  message.insert(message.end(), user.begin(), user.end());
  append_number(message, account.password_epoch);
  Bytes out;
  append_number(out, static_cast<uint64_t>(micros));
  message.insert(message.end(), out.begin(), out.end());
  const Sha256 mac = hmac_sha256(key.view(), message);
  out.insert(out.end(), mac.begin(), mac.end());
  return out;
}

bool fits(const SecretBytes& key, const Bytes& id, const DeviceAccount& account, const Bytes& entry) {
  return constant_time_equal(entry, entry_of(key, id, account, time_of(entry)));
}

}  // namespace

DeviceAccount device_account(const policy::CompiledUser& user) {
  const policy::SealedField* const password = user.password();
  return {user.id, password == nullptr ? 0 : password->epoch};
}

std::optional<Sha256> KnownDevices::bucket(std::optional<std::string_view> cookie, const DeviceAccount& account,
                                           WallMicros now) const {
  const auto known = read(cookie);
  if (!known) return std::nullopt;
  const bool counts = std::ranges::any_of(known->entries, [&](const Bytes& entry) {
    return fits(key_, known->id, account, entry) && WallMicros{time_of(entry)} + kDeviceLife > now;
  });
  if (!counts) return std::nullopt;
  return sha256({as_bytes("device"), known->id, account.user.view()});
}

std::string KnownDevices::remember(std::optional<std::string_view> cookie, const DeviceAccount& account,
                                   WallMicros now) const {
  auto known = read(cookie);
  if (!known) {
    const auto id = random_bytes<kIdBytes>();
    known = Cookie{.id = Bytes(id.begin(), id.end()), .entries = {}};
  }
  std::erase_if(known->entries, [&](const Bytes& entry) { return fits(key_, known->id, account, entry); });
  known->entries.insert(known->entries.begin(), entry_of(key_, known->id, account, count(now)));
  if (known->entries.size() > kDeviceAccountsMax) known->entries.resize(kDeviceAccountsMax);
  std::string out = base64url_encode(known->id);
  for (const Bytes& entry : known->entries) out += "." + base64url_encode(entry);
  return out;
}

}  // namespace sallyport::sso
