#include "sso/authenticator_data.h"

#include <algorithm>

#include "sso/cbor.h"
#include "sso/cose_key.h"
#include "sso/webauthn.h"

namespace sallyport::sso {
namespace {

constexpr size_t kFixedBytes = 32 + 1 + 4;
constexpr size_t kAaguidBytes = 16;
// Bits 1 and 5 are reserved, and mean nothing yet.
constexpr uint8_t kUserPresent = 1 << 0, kUserVerified = 1 << 2, kBackupEligible = 1 << 3, kBackedUp = 1 << 4,
                  kAttested = 1 << 6, kExtensions = 1 << 7;

std::unexpected<Error> broken(const char* what) { return malformed(Side::kClient, what); }

uint32_t big_endian(ByteView bytes) {
  uint32_t out = 0;
  for (const std::byte byte : bytes) out = out << 8 | std::to_integer<uint32_t>(byte);
  return out;
}

Result<AttestedCredential> take_credential(ByteView& rest) {
  if (rest.size() < kAaguidBytes + 2) return broken("attested credential data that is cut off");
  const size_t id_bytes = big_endian(rest.subspan(kAaguidBytes, 2));
  rest = rest.subspan(kAaguidBytes + 2);
  if (id_bytes > rest.size()) return broken("attested credential data that is cut off");
  AttestedCredential out;
  out.id = rest.first(id_bytes);
  rest = rest.subspan(id_bytes);
  TRY(const CoseKey key, CoseKey::read_front(rest));
  out.public_key = rest.first(key.size());
  rest = rest.subspan(key.size());
  return out;
}

Result<void> skip_extensions(ByteView& rest) {
  CborReader reader(rest);
  CHECKED(CborReader(rest).map());  // by their names
  CHECKED(reader.skip());
  rest = reader.rest();
  return {};
}

}  // namespace

Result<AuthenticatorData> read_authenticator_data(ByteView input) {
  if (input.size() < kFixedBytes) return broken("authenticator data that is cut off");
  AuthenticatorData out;
  std::ranges::copy(input.first(32), out.rp_id_hash.begin());
  const auto flags = std::to_integer<uint8_t>(input[32]);
  out.user_present = (flags & kUserPresent) != 0;
  out.user_verified = (flags & kUserVerified) != 0;
  out.backup_eligible = (flags & kBackupEligible) != 0;
  out.backed_up = (flags & kBackedUp) != 0;
  out.counter = big_endian(input.subspan(33, 4));
  ByteView rest = input.subspan(kFixedBytes);
  if ((flags & kAttested) != 0) {
    TRY(out.credential, take_credential(rest));
  }
  if ((flags & kExtensions) != 0) CHECKED(skip_extensions(rest));
  if (!rest.empty()) return broken("bytes behind the authenticator data");
  return out;
}

Result<ByteView> read_attestation_object(ByteView input) {
  CborReader reader(input);
  TRY(const size_t members, reader.map());
  if (members != 3) return broken("an attestation object has three members");
  bool format = false, statement = false;
  std::optional<ByteView> data;
  for (size_t i = 0; i < members; ++i) {  // in any order: browsers write it, and not all of them in that of CTAP
    TRY(const std::string_view name, reader.text());
    if (name == "fmt" && !format) {
      CHECKED(reader.text());
      format = true;
    } else if (name == "attStmt" && !statement) {
      CHECKED(CborReader(reader.rest()).map());
      CHECKED(reader.skip());
      statement = true;
    } else if (name == "authData" && !data) {
      TRY(data, reader.bytes());
    } else {
      return broken("an attestation object with another member, or one twice");
    }
  }
  if (!reader.rest().empty()) return broken("bytes behind the attestation object");
  return *data;
}

}  // namespace sallyport::sso
