#include "sso/totp_enrolment.h"

#include <algorithm>
#include <cstring>

#include "sso/totp.h"

namespace sallyport::sso {
namespace {

// sealed: user 16 | session 16 | expires 8 (microseconds, big endian) | secret 20 | name. In secret memory from end to
// end, which JSON would not be.
constexpr size_t kFront = 16 + 16 + 8 + kTotpKeyBytes;

constexpr const char* kNone = "there is no such enrolment";

storage::SealContext context_of(const Sha256& key_hash) {
  storage::SealContext out;
  out.kind = "flow";
  std::memcpy(out.record.bytes.data(), key_hash.data(), out.record.bytes.size());
  out.field = kTotpEnrolmentKind;
  return out;
}

std::array<std::byte, 8> bytes_of(WallMicros time) {
  std::array<std::byte, 8> out;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<std::byte>(static_cast<uint64_t>(count(time)) >> (56 - 8 * i));
  return out;
}

}  // namespace

Sha256 key_of(const RecordId& enrolment) { return sha256({as_bytes(kTotpEnrolmentKind), enrolment.view()}); }

Result<storage::FlowRecord> to_record(const TotpEnrolment& enrolment, const storage::Keyring& keyring, WallMicros now) {
  storage::FlowRecord out;
  out.key_hash = key_of(enrolment.id);
  out.kind = kTotpEnrolmentKind;
  out.expires_at = now + kTotpEnrolmentLife;
  TRY(SecretBytes clear, SecretBytes::of_size(kFront + enrolment.name.size()));
  const auto expires = bytes_of(out.expires_at);
  auto at = clear.span().begin();
  for (const ByteView part : {enrolment.user.view(), enrolment.session.view(), ByteView(expires),
                              enrolment.secret.view(), as_bytes(enrolment.name)})
    at = std::ranges::copy(part, at).out;
  TRY(out.sealed, keyring.seal(context_of(out.key_hash), clear.view()));
  return out;
}

Result<TotpEnrolment> read_totp_enrolment(const storage::FlowRecord& record, const RecordId& id, const UserId& user,
                                          const RecordId& session, const storage::Keyring& keyring, WallMicros now) {
  if (record.kind != kTotpEnrolmentKind) return fail(Code::kNotFound, Side::kClient, kNone);
  TRY(const SecretBytes clear, keyring.unseal(context_of(key_of(id)), record.sealed));
  if (clear.size() < kFront) return malformed(Side::kStorage, "an enrolment that does not read");
  const ByteView bytes = clear.view();
  // The row's own time is not under the seal.
  const bool over =
      std::ranges::lexicographical_compare(bytes.subspan(32, 8), bytes_of(now + std::chrono::microseconds(1)));
  const bool own =
      std::ranges::equal(bytes.first(16), user.view()) && std::ranges::equal(bytes.subspan(16, 16), session.view());
  if (over || !own) return fail(Code::kNotFound, Side::kClient, kNone);
  TotpEnrolment out{.id = id, .user = user, .session = session, .name = to_text(bytes.subspan(kFront)), .secret = {}};
  TRY(out.secret, SecretBytes::copy_of(bytes.subspan(40, kTotpKeyBytes)));
  return out;
}

}  // namespace sallyport::sso
