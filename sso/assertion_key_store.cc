#include "sso/assertion_key_store.h"

#include <algorithm>

#include "sso/jose.h"

namespace sallyport::sso {
namespace {

using storage::NamedKeyRecord;

constexpr int kAttemptsMax = 5;
constexpr size_t kTimeBytes = 8;
constexpr size_t kClearBytes = kP256ScalarBytes + kTimeBytes;

// The private half, then since when it signs in microseconds, big endian; 0: it is in reserve.
Result<SecretBytes> clear_text(const SecretBytes& scalar, std::optional<WallMicros> signs_from) {
  TRY(SecretBytes out, SecretBytes::of_size(kClearBytes));
  std::ranges::copy(scalar.view(), out.span().begin());
  const auto time = static_cast<uint64_t>(signs_from ? count(*signs_from) : 0);
  for (size_t i = 0; i < kTimeBytes; ++i)
    out.span()[kP256ScalarBytes + i] = static_cast<std::byte>(time >> (56 - 8 * i) & 0xff);
  return out;
}

Result<AssertionKey> read_key(const NamedKeyRecord& record, const SecretBytes& clear) {
  if (clear.size() != kClearBytes) return malformed(Side::kStorage, "an assertion key that does not read");
  AssertionKey out{
      .id = record.id, .made_at = record.created_at, .signs_from = {}, .scalar = {}, .point = {}, .kid = {}};
  TRY(out.scalar, SecretBytes::copy_of(clear.view().first(kP256ScalarBytes)));
  TRY(const P256Key key, P256Key::open(out.scalar));
  uint64_t time = 0;
  for (const std::byte byte : clear.view().subspan(kP256ScalarBytes)) time = time << 8 | static_cast<uint64_t>(byte);
  if (time != 0) out.signs_from = WallMicros{static_cast<int64_t>(time)};
  out.point = key.point();
  out.kid = jwk_thumbprint(out.point);
  return out;
}

Result<AssertionKey> open_key(const storage::Keyring& keyring, const NamedKeyRecord& record) {
  TRY(const SecretBytes clear, keyring.open_named_key(record));
  return read_key(record, clear);
}

// One commit's worth of change, over keys as they were read.
class Change {
 public:
  Change(const storage::Keyring& keyring, const std::vector<NamedKeyRecord>& records, WallMicros now)
      : keyring_(keyring), records_(records), now_(now), keys_(open_assertion_keys(keyring, records).keys) {}

  Result<void> plan(RollOver when) {
    const AssertionKey* const signs = signing_key(keys_);
    const AssertionKey* const next = reserve_key(keys_);
    action_ = signs == nullptr ? "key.create" : "key.rotate";
    if (when == RollOver::kNow && published() >= kPublishedKeysMax)
      return fail(Code::kLimit, Side::kSelf,
                  "too many keys are published still; each is for 25 hours after its last use");
    if (signs == nullptr || when == RollOver::kNow || (is_due(*signs) && next != nullptr && is_known(*next))) {
      // After the one before, whatever the clock says.
      const WallMicros from =
          signs == nullptr ? now_ : std::max(now_, *signs->signs_from + std::chrono::microseconds(1));
      if (signs != nullptr) retire(*signs);
      CHECKED(next == nullptr ? make(from) : start(*next, from));
      return make(std::nullopt);
    }
    out_.signs = signs->kid;
    if (next == nullptr) return make(std::nullopt);
    out_.next = next->kid;
    return {};
  }

  Result<RolledOver> commit(storage::Store& store, storage::Generation expected, const std::string& actor) {
    if (changes_.empty()) return std::move(out_);
    storage::AdminEvent event{.at = now_,
                              .action = action_,
                              .actor = actor,
                              .object = std::string("key ") + kAssertionKeyPurpose,
                              .client = "",
                              .detail = "signs: " + out_.signs + ", next: " + out_.next};
    TRY(out_.generation, store.commit({std::move(changes_), expected}, {std::move(event)}));
    out_.changed = true;
    return std::move(out_);
  }

 private:
  bool is_due(const AssertionKey& key) const { return *key.signs_from + kKeySigns <= now_; }
  bool is_known(const AssertionKey& key) const { return key.made_at + kPublishedFirst <= now_; }
  size_t published() const {
    return static_cast<size_t>(std::ranges::count_if(keys_, [this](const AssertionKey& key) {
      const auto until = published_until(keys_, key);
      return !until || *until > now_;
    }));
  }
  NamedKeyRecord record_of(const AssertionKey& key) const {
    return *std::ranges::find(records_, key.id, &NamedKeyRecord::id);
  }

  void retire(const AssertionKey& key) {
    NamedKeyRecord record = record_of(key);
    record.retired = true;
    changes_.push_back(storage::PutNamedKey{std::move(record)});
  }

  Result<void> start(const AssertionKey& key, WallMicros from) {
    NamedKeyRecord record = record_of(key);
    TRY(const SecretBytes clear, clear_text(key.scalar, from));
    TRY(record.sealed, keyring_.seal_named_key_again(record, clear.view()));
    out_.signs = key.kid;
    out_.published_for = from - key.made_at;
    changes_.push_back(storage::PutNamedKey{std::move(record)});
    return {};
  }

  Result<void> make(std::optional<WallMicros> signs_from) {
    TRY(const SecretBytes scalar, P256Key::random_scalar());
    TRY(const P256Key key, P256Key::open(scalar));
    TRY(const SecretBytes clear, clear_text(scalar, signs_from));
    Bytes public_half(key.point().x.begin(), key.point().x.end());
    public_half.insert(public_half.end(), key.point().y.begin(), key.point().y.end());
    TRY(NamedKeyRecord record,
        keyring_.seal_named_key(kAssertionKeyPurpose, clear.view(), std::move(public_half), now_));
    (signs_from ? out_.signs : out_.next) = jwk_thumbprint(key.point());
    changes_.push_back(storage::PutNamedKey{std::move(record)});
    return {};
  }

  const storage::Keyring& keyring_;
  const std::vector<NamedKeyRecord>& records_;
  const WallMicros now_;
  const std::vector<AssertionKey> keys_;
  const char* action_ = "";
  std::vector<storage::Change> changes_;
  RolledOver out_;
};

}  // namespace

OpenedKeys open_assertion_keys(const storage::Keyring& keyring, const std::vector<NamedKeyRecord>& records) {
  OpenedKeys out;
  for (auto record = records.rbegin(); record != records.rend() && out.keys.size() < kOpenedKeysMax; ++record) {
    Result<AssertionKey> key = open_key(keyring, *record);
    if (key)
      out.keys.push_back(*std::move(key));
    else
      out.refused.push_back(record->id);
  }
  std::ranges::reverse(out.keys);
  return out;
}

Result<RolledOver> roll_over(storage::Store& store, const storage::Keyring& keyring, WallMicros now, RollOver when,
                             const std::string& actor) {
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    TRY(const storage::Generation expected, store.generation());
    TRY(const std::vector<NamedKeyRecord> records, store.named_keys(kAssertionKeyPurpose));
    Change change(keyring, records, now);
    CHECKED(change.plan(when));
    Result<RolledOver> done = change.commit(store, expected, actor);
    if (done || done.error().code != Code::kConflict) return done;
  }
  return fail(Code::kConflict, Side::kStorage, "the keys were changed by somebody else again and again");
}

}  // namespace sallyport::sso
