#include "sso/passkey_challenge.h"

#include <algorithm>
#include <cstring>

#include "base/random.h"

namespace sallyport::sso {
namespace {

// sealed: challenge 32 | purpose 1 | user 16 | handle 32 | binding 32 | expires 8 (microseconds, big endian)
constexpr size_t kSealedBytes = 32 + 1 + 16 + 32 + 32 + 8;

storage::SealContext context_of(const Sha256& key_hash) {
  storage::SealContext out;
  out.kind = "flow";
  std::memcpy(out.record.bytes.data(), key_hash.data(), out.record.bytes.size());
  out.field = kPasskeyChallengeKind;
  return out;
}

std::array<std::byte, 8> bytes_of(WallMicros time) {
  std::array<std::byte, 8> out;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::byte>(static_cast<uint64_t>(count(time)) >> (56 - 8 * i));
  return out;
}

template <size_t N>
void take(ByteView& rest, std::array<std::byte, N>& into) {
  std::ranges::copy(rest.first(N), into.begin());
  rest = rest.subspan(N);
}

}  // namespace

PasskeyChallenge new_challenge(PasskeyPurpose purpose, const UserId& user, const Sha256& binding) {
  return {.challenge = random_bytes<32>(), .purpose = purpose, .user = user, .handle = {}, .binding = binding};
}

Sha256 binding_to_session(const RecordId& family) { return sha256({as_bytes("session"), family.view()}); }
Sha256 binding_to_browser(std::string_view csrf_cookie) { return sha256({as_bytes("browser"), as_bytes(csrf_cookie)}); }

Sha256 key_of(const WebauthnChallenge& challenge) {
  return sha256({as_bytes(kPasskeyChallengeKind), ByteView(challenge)});
}

Result<storage::FlowRecord> to_record(const PasskeyChallenge& challenge, const storage::Keyring& keyring,
                                      WallMicros now) {
  storage::FlowRecord out;
  out.key_hash = key_of(challenge.challenge);
  out.kind = kPasskeyChallengeKind;
  out.expires_at = now + kPasskeyChallengeLife;
  Bytes clear;
  const std::array purpose{static_cast<std::byte>(challenge.purpose)};
  const auto expires = bytes_of(out.expires_at);
  for (const ByteView part : {ByteView(challenge.challenge), ByteView(purpose), challenge.user.view(),
                              ByteView(challenge.handle), ByteView(challenge.binding), ByteView(expires)})
    clear.insert(clear.end(), part.begin(), part.end());
  TRY(out.sealed, keyring.seal(context_of(out.key_hash), clear));
  return out;
}

Result<PasskeyChallenge> read_passkey_challenge(const storage::FlowRecord& record, const storage::Keyring& keyring,
                                                WallMicros now) {
  if (record.kind != kPasskeyChallengeKind) return fail(Code::kNotFound, Side::kClient, "a flow of another kind");
  TRY(const SecretBytes clear, keyring.unseal(context_of(record.key_hash), record.sealed));
  if (clear.size() != kSealedBytes) return malformed(Side::kStorage, "a challenge that does not read");
  PasskeyChallenge out;
  ByteView rest = clear.view();
  take(rest, out.challenge);
  out.purpose = static_cast<PasskeyPurpose>(rest[0]);
  rest = rest.subspan(1);
  take(rest, out.user.bytes);
  take(rest, out.handle);
  take(rest, out.binding);
  // The row's own time is not under the seal.
  if (std::ranges::lexicographical_compare(rest, bytes_of(now + std::chrono::microseconds(1))))
    return fail(Code::kNotFound, Side::kClient, "the challenge is over");
  return out;
}

}  // namespace sallyport::sso
