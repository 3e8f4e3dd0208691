#include "sso/saml_keys.h"

#include <algorithm>

namespace sallyport::sso {
namespace {

using storage::NamedKeyRecord;

constexpr size_t kHeadBytes = 12;  // since when it signs (8), how long the certificate is (4), big endian

void put_number(std::span<std::byte> out, uint64_t value) {
  for (size_t i = out.size(); i-- > 0; value >>= 8) out[i] = static_cast<std::byte>(value & 0xff);
}
uint64_t number_of(ByteView bytes) {
  uint64_t out = 0;
  for (const std::byte byte : bytes) out = out << 8 | static_cast<uint64_t>(byte);
  return out;
}

Result<SecretBytes> clear_text(const saml::SpKey::Material& material, WallMicros signs_from) {
  TRY(SecretBytes out, SecretBytes::of_size(kHeadBytes + material.certificate.size() + material.private_key.size()));
  put_number(out.span().first(8), static_cast<uint64_t>(count(signs_from)));
  put_number(out.span().subspan(8, 4), material.certificate.size());
  const auto rest = std::ranges::copy(material.certificate, out.span().begin() + kHeadBytes).out;
  std::ranges::copy(material.private_key.view(), rest);
  return out;
}

Result<SamlKey> open_key(const storage::Keyring& keyring, const NamedKeyRecord& record) {
  TRY(const SecretBytes clear, keyring.open_named_key(record));
  const ByteView all = clear.view();
  if (all.size() < kHeadBytes) return malformed(Side::kStorage, "a SAML key that does not read");
  const size_t certificate_bytes = number_of(all.subspan(8, 4));
  if (all.size() - kHeadBytes < certificate_bytes) return malformed(Side::kStorage, "a SAML key that does not read");
  const ByteView certificate = all.subspan(kHeadBytes, certificate_bytes);
  TRY(const SecretBytes private_key, SecretBytes::copy_of(all.subspan(kHeadBytes + certificate_bytes)));
  TRY(saml::SpKey key, saml::SpKey::open(private_key, certificate));
  return SamlKey{record.id, WallMicros{static_cast<int64_t>(number_of(all.first(8)))}, std::move(key)};
}

// In the order in which they begin to sign, so the last that has begun is the one.
void choose(std::vector<SamlKey>& keys, WallMicros now) {
  std::ranges::sort(keys, {}, [](const SamlKey& key) { return std::pair(key.signs_from, key.id); });
  size_t signing = 0;
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i].signs_from <= now) signing = i;
  // Each of those before was replaced when the next one began.
  std::vector<SamlKey> kept;
  for (size_t i = 0; i < keys.size(); ++i)
    if (i >= signing || keys[i + 1].signs_from + kSamlKeyKept > now) kept.push_back(keys[i]);
  const auto first = std::ranges::find(kept, keys.empty() ? RecordId{} : keys[signing].id, &SamlKey::id);
  if (first != kept.end()) std::rotate(kept.begin(), first, first + 1);
  keys = std::move(kept);
}

}  // namespace

std::vector<saml::SpKey> SamlKeys::all() const {
  std::vector<saml::SpKey> out;
  for (const SamlKey& one : keys) out.push_back(one.key);
  return out;
}

SamlKeys open_saml_keys(const storage::Keyring& keyring, const std::vector<NamedKeyRecord>& records, WallMicros now) {
  SamlKeys out;
  const size_t skipped = records.size() > 4 * kSamlKeysMax ? records.size() - 4 * kSamlKeysMax : 0;
  for (const NamedKeyRecord& record : std::span(records).subspan(skipped)) {
    auto key = open_key(keyring, record);
    if (key)
      out.keys.push_back(*std::move(key));
    else
      out.refused.push_back(record.id);
  }
  choose(out.keys, now);
  return out;
}

Result<saml::SpKey::Material> make_saml_key(WallMicros now) { return saml::SpKey::make("Sallyport", now); }

Result<storage::Generation> add_saml_key(storage::Store& store, const storage::Keyring& keyring,
                                         const saml::SpKey::Material& material, WallMicros now, WallMicros signs_from,
                                         const std::string& actor) {
  TRY(const storage::Generation expected, store.generation());
  TRY(const std::vector<NamedKeyRecord> records, store.named_keys(kSamlKeyPurpose));
  const SamlKeys present = open_saml_keys(keyring, records, now);
  if (present.keys.size() >= kSamlKeysMax)
    return fail(Code::kLimit, Side::kSelf, "there are 8 SAML keys in use; each is kept for 30 days after its last use");
  TRY(const SecretBytes clear, clear_text(material, signs_from));
  TRY(NamedKeyRecord record, keyring.seal_named_key(kSamlKeyPurpose, clear.view(), material.certificate, now));
  storage::AdminEvent event{.at = now,
                            .action = "key.create",
                            .actor = actor,
                            .object = std::string("key ") + kSamlKeyPurpose,
                            .client = "",
                            .detail = present.keys.empty() ? "the first" : "announced in the metadata"};
  return store.commit({{storage::PutNamedKey{std::move(record)}}, expected}, {std::move(event)});
}

Result<SamlKeySource::Keys> SamlKeySource::read(storage::Store& store, const storage::Keyring& keyring,
                                                const Clock& clock, const saml::SpKey::Material* first) {
  for (int attempt = 0; attempt < 3; ++attempt) {
    TRY(const std::vector<NamedKeyRecord> records, store.named_keys(kSamlKeyPurpose));
    auto opened = std::make_shared<SamlKeys>(open_saml_keys(keyring, records, clock.wall()));
    if (!opened->keys.empty()) return Keys(std::move(opened));
    if (first == nullptr) return Keys();
    const WallMicros now = clock.wall();
    const auto made = add_saml_key(store, keyring, *first, now, now, "gateway");
    if (!made && made.error().code != Code::kConflict) return std::unexpected(made.error());
  }
  return fail(Code::kUnavailable, Side::kStorage, "the SAML key could not be made");
}

Task<Result<std::shared_ptr<const SamlKeys>>> SamlKeySource::keys(Loop& home) {
  {
    const std::lock_guard lock(mutex_);
    if (known_ && clock_.monotonic() - looked_at_ < kSamlKeysLookedAt) co_return known_;
  }
  auto reading = store_.run<Keys>(home, [&keyring = keyring_, &clock = clock_](storage::Store& store) {
    return read(store, keyring, clock, nullptr);
  });
  CO_TRY(Keys keys, co_await reading);
  if (!keys) {
    Offload<saml::SpKey::Material> making(pool_, home, [now = clock_.wall()] { return make_saml_key(now); });
    CO_TRY(saml::SpKey::Material material, co_await making);
    auto adding = store_.run<Keys>(home, [&keyring = keyring_, &clock = clock_, first = std::move(material)](
                                             storage::Store& store) { return read(store, keyring, clock, &first); });
    CO_TRY(keys, co_await adding);
  }
  const std::lock_guard lock(mutex_);
  known_ = keys;
  looked_at_ = clock_.monotonic();
  co_return keys;
}

}  // namespace sallyport::sso
