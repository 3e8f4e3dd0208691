// Authenticator data (Web Authentication Level 3 s6.1) and the attestation object around it (s6.5.4): bytes in, values
// out, nothing left over at the end.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/digest.h"

namespace sallyport::sso {

struct AttestedCredential {  // s6.5.1, without the AAGUID
  ByteView id;
  ByteView public_key;  // COSE_Key, read and taken (sso/cose_key.h)
};

struct AuthenticatorData {
  Sha256 rp_id_hash{};
  bool user_present = false;     // UP
  bool user_verified = false;    // UV
  bool backup_eligible = false;  // BE
  bool backed_up = false;        // BS
  uint32_t counter = 0;
  std::optional<AttestedCredential> credential;  // views into the input
};

// Extension outputs are read over: none is asked for that an authenticator answers.
// errors: kMalformed too short, lengths that do not fit, bytes left over, extensions that are no CBOR map; and those of
//   CoseKey.
Result<AuthenticatorData> read_authenticator_data(ByteView input);

// The authenticator data of an attestation object; its statement is read over.   errors: kMalformed.
Result<ByteView> read_attestation_object(ByteView input);

}  // namespace sallyport::sso
