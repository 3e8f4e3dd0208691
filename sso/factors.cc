// The text of a person's factors: written and read byte by byte, so that no secret passes through ordinary memory and
// each value has one spelling.
#include "sso/factors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <set>

#include "base/json_text.h"

namespace sallyport::sso {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr const char* kUnreadable = "second factors that do not read";

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

// Writes into the room there is, and counts on when there is none: once to measure, once to write.
class Writer {
 public:
  explicit Writer(std::span<std::byte> room) : room_(room) {}

  void text(std::string_view part) {
    for (const char c : part) put(c);
  }
  void hex(ByteView bytes) {
    put('"');
    for (const std::byte byte : bytes) {
      put(kHex[static_cast<size_t>(byte) >> 4]);
      put(kHex[static_cast<size_t>(byte) & 15]);
    }
    put('"');
  }
  void base64url(ByteView bytes) { text('"' + base64url_encode(bytes) + '"'); }
  void number(int64_t value) { text(std::to_string(value)); }
  void boolean(bool value) { text(value ? "true" : "false"); }
  template <class List, class Each>
  void list(const List& list, Each each) {
    put('[');
    bool first = true;
    for (const auto& element : list) {
      if (!std::exchange(first, false)) put(',');
      each(element);
    }
    put(']');
  }
  size_t size() const { return size_; }

 private:
  void put(char c) {
    if (size_ < room_.size()) room_[size_] = static_cast<std::byte>(c);
    ++size_;
  }
  std::span<std::byte> room_;
  size_t size_ = 0;
};

void write(Writer& out, const Passkey& key) {
  out.text("{\"counter\":");
  out.number(key.counter);
  out.text(",\"created\":");
  out.number(count(key.created_at));
  out.text(",\"credential\":");
  out.base64url(key.credential_id);
  out.text(",\"id\":");
  out.hex(key.id.view());
  out.text(",\"key\":");
  out.base64url(key.public_key);
  out.text(",\"name\":" + quoted(key.name) + ",\"resident\":");
  out.boolean(key.resident);
  out.text(",\"transports\":");
  out.list(key.transports, [&](const std::string& transport) { out.text(quoted(transport)); });
  out.text(",\"verifies\":");
  out.boolean(key.verifies_user);
  out.text("}");
}

void write(Writer& out, const TotpFactor& totp) {
  out.text("{\"created\":");
  out.number(count(totp.created_at));
  out.text(",\"id\":");
  out.hex(totp.id.view());
  out.text(",\"name\":" + quoted(totp.name) + ",\"secret\":");
  out.hex(totp.secret.view());
  out.text("}");
}

void write(Writer& out, const Factors& factors) {
  out.text("{\"handle\":");
  out.hex(factors.user_handle);
  out.text(",\"passkeys\":");
  out.list(factors.passkeys, [&](const Passkey& key) { write(out, key); });
  out.text(",\"recovery\":");
  out.list(factors.recovery, [&](const RecoveryCode& code) { out.hex(code.hash); });
  out.text(",\"totp\":");
  out.list(factors.totp, [&](const TotpFactor& totp) { write(out, totp); });
  out.text(",\"v\":1}");
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  Result<void> expect(std::string_view part) {
    if (!skip(part)) return unreadable();
    return {};
  }
  Result<void> end() const {
    if (!rest_.empty()) return unreadable();
    return {};
  }
  Result<int64_t> number() {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    const auto length = static_cast<size_t>(end - rest_.data());
    if (error != std::errc() || value < 0 || std::to_string(value) != rest_.substr(0, length)) return unreadable();
    rest_.remove_prefix(length);
    return value;
  }
  Result<bool> boolean() {
    if (skip("true")) return true;
    if (skip("false")) return false;
    return unreadable();
  }
  Result<void> hex(std::span<std::byte> out) {
    CHECKED(expect("\""));
    if (rest_.size() < 2 * out.size()) return unreadable();
    for (std::byte& byte : out) {
      const size_t high = kHex.find(rest_[0]);
      const size_t low = kHex.find(rest_[1]);
      if (high == kHex.npos || low == kHex.npos) return unreadable();
      byte = static_cast<std::byte>(high << 4 | low);
      rest_.remove_prefix(2);
    }
    return expect("\"");
  }
  Result<Bytes> base64url() {
    CHECKED(expect("\""));
    const size_t end = rest_.find('"');
    if (end == rest_.npos) return unreadable();
    auto out = base64url_decode(rest_.substr(0, end));
    if (!out) return unreadable();
    rest_.remove_prefix(end + 1);
    return *std::move(out);
  }
  Result<std::string> name() {
    CHECKED(expect("\""));
    std::string out;
    while (!rest_.empty() && rest_.front() != '"') {
      if (skip("\\") && !rest_.starts_with('"') && !rest_.starts_with('\\')) return unreadable();
      out += rest_.front();
      rest_.remove_prefix(1);
      if (out.size() > kFactorNameBytesMax) return unreadable();
    }
    CHECKED(expect("\""));
    return out;
  }
  template <class Each>
  Result<void> list(size_t count_max, Each each) {
    CHECKED(expect("["));
    if (skip("]")) return {};
    for (size_t i = 0; i < count_max; ++i) {
      CHECKED(each());
      if (skip("]")) return {};
      CHECKED(expect(","));
    }
    return unreadable();
  }

  static std::unexpected<Error> unreadable() { return malformed(Side::kStorage, kUnreadable); }

 private:
  bool skip(std::string_view part) {
    if (!rest_.starts_with(part)) return false;
    rest_.remove_prefix(part.size());
    return true;
  }
  std::string_view rest_;
};

Result<Passkey> read_passkey(Reader& in) {
  Passkey out;
  CHECKED(in.expect("{\"counter\":"));
  TRY(const int64_t counter, in.number());
  if (counter > UINT32_MAX) return Reader::unreadable();
  out.counter = static_cast<uint32_t>(counter);
  CHECKED(in.expect(",\"created\":"));
  TRY(const int64_t created, in.number());
  out.created_at = WallMicros{created};
  CHECKED(in.expect(",\"credential\":"));
  TRY(out.credential_id, in.base64url());
  CHECKED(in.expect(",\"id\":"));
  CHECKED(in.hex(out.id.bytes));
  CHECKED(in.expect(",\"key\":"));
  TRY(out.public_key, in.base64url());
  CHECKED(in.expect(",\"name\":"));
  TRY(out.name, in.name());
  CHECKED(in.expect(",\"resident\":"));
  TRY(out.resident, in.boolean());
  CHECKED(in.expect(",\"transports\":"));
  CHECKED(in.list(kTransportsMax, [&]() -> Result<void> {
    TRY(std::string transport, in.name());
    out.transports.push_back(std::move(transport));
    return {};
  }));
  CHECKED(in.expect(",\"verifies\":"));
  TRY(out.verifies_user, in.boolean());
  CHECKED(in.expect("}"));
  return out;
}

Result<TotpFactor> read_totp(Reader& in) {
  TotpFactor out;
  CHECKED(in.expect("{\"created\":"));
  TRY(const int64_t created, in.number());
  out.created_at = WallMicros{created};
  CHECKED(in.expect(",\"id\":"));
  CHECKED(in.hex(out.id.bytes));
  CHECKED(in.expect(",\"name\":"));
  TRY(out.name, in.name());
  CHECKED(in.expect(",\"secret\":"));
  TRY(out.secret, SecretBytes::of_size(kTotpSecretBytes));
  CHECKED(in.hex(out.secret.span()));
  CHECKED(in.expect("}"));
  return out;
}

bool is_transport(std::string_view text) {
  return !text.empty() && text.size() <= kTransportBytesMax &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool is_sound(const Passkey& key) {
  return is_factor_name(key.name) && !key.credential_id.empty() && key.credential_id.size() <= kCredentialIdBytesMax &&
         !key.public_key.empty() && key.public_key.size() <= kPublicKeyBytesMax && count(key.created_at) >= 0 &&
         key.transports.size() <= kTransportsMax && std::ranges::all_of(key.transports, is_transport);
}
bool is_sound(const TotpFactor& totp) {
  return is_factor_name(totp.name) && totp.secret.size() == kTotpSecretBytes && count(totp.created_at) >= 0;
}

// Within the bounds, and nothing twice.
bool is_sound(const Factors& factors) {
  if (factors.user_handle.size() != kUserHandleBytes) return false;
  if (factors.totp.size() > kTotpMax || factors.passkeys.size() > kPasskeysMax) return false;
  if (factors.recovery.size() > kRecoveryCodes) return false;
  std::set<RecordId> ids;
  std::set<Bytes> credentials;
  for (const TotpFactor& totp : factors.totp)
    if (!is_sound(totp) || !ids.insert(totp.id).second) return false;
  for (const Passkey& key : factors.passkeys)
    if (!is_sound(key) || !ids.insert(key.id).second || !credentials.insert(key.credential_id).second) return false;
  return std::ranges::all_of(factors.recovery, [&](const RecoveryCode& code) {
    return code.id == recovery_code_of(code.hash).id && ids.insert(code.id).second;
  });
}

}  // namespace

RecoveryCode recovery_code_of(const Sha256& hash) {
  RecoveryCode out{{}, hash};
  std::memcpy(out.id.bytes.data(), hash.data(), out.id.bytes.size());
  return out;
}

bool is_factor_name(std::string_view name) {
  if (name.empty() || name.size() > kFactorNameBytesMax) return false;
  std::string shown;
  append_json_string(shown, name);
  return shown == quoted(name);
}

Result<SecretBytes> to_json(const Factors& factors) {
  if (!is_sound(factors)) return malformed(Side::kClient, "these are no second factors that could be kept");
  Writer measure({});
  write(measure, factors);
  TRY(SecretBytes out, SecretBytes::of_size(measure.size()));
  Writer writer(out.span());
  write(writer, factors);
  return out;
}

Result<Factors> read_factors(const SecretBytes& json) {
  Reader in(json.reveal());
  Factors out;
  CHECKED(in.expect("{\"handle\":"));
  out.user_handle.resize(kUserHandleBytes);
  CHECKED(in.hex(out.user_handle));
  CHECKED(in.expect(",\"passkeys\":"));
  CHECKED(in.list(kPasskeysMax, [&]() -> Result<void> {
    TRY(Passkey key, read_passkey(in));
    out.passkeys.push_back(std::move(key));
    return {};
  }));
  CHECKED(in.expect(",\"recovery\":"));
  CHECKED(in.list(kRecoveryCodes, [&]() -> Result<void> {
    Sha256 hash;
    CHECKED(in.hex(hash));
    out.recovery.push_back(recovery_code_of(hash));
    return {};
  }));
  CHECKED(in.expect(",\"totp\":"));
  CHECKED(in.list(kTotpMax, [&]() -> Result<void> {
    TRY(TotpFactor totp, read_totp(in));
    out.totp.push_back(std::move(totp));
    return {};
  }));
  CHECKED(in.expect(",\"v\":1}"));
  CHECKED(in.end());
  if (!is_sound(out)) return Reader::unreadable();
  return out;
}

}  // namespace sallyport::sso
