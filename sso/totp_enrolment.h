// An authenticator app that is being set up: its secret waits in the store, sealed, for the first code, as one more
// kind of flow. Bound to the user and the session that began it; used up by the right code, over after ten minutes.
#pragma once

#include <chrono>
#include <string>

#include "base/record_id.h"
#include "base/secret.h"
#include "storage/keyring.h"
#include "storage/records.h"

namespace sallyport::sso {

constexpr std::chrono::minutes kTotpEnrolmentLife{10};
constexpr std::string_view kTotpEnrolmentKind = "totp-enrolment";

struct TotpEnrolment {
  RecordId id;  // the factor's later
  UserId user;
  RecordId session;  // the family's
  std::string name;
  SecretBytes secret;
};

Sha256 key_of(const RecordId& enrolment);  // what the store knows it by

// errors: kLimit; the keyring's.
Result<storage::FlowRecord> to_record(const TotpEnrolment& enrolment, const storage::Keyring& keyring, WallMicros now);
// errors: kNotFound it is another's, of another kind, or over; kDenied, kMalformed it is not what was put there.
Result<TotpEnrolment> read_totp_enrolment(const storage::FlowRecord& record, const RecordId& id, const UserId& user,
                                          const RecordId& session, const storage::Keyring& keyring, WallMicros now);

}  // namespace sallyport::sso
