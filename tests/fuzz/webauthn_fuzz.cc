// Whatever a browser, or what says it is one, sends as a passkey: it is read to its end or refused; what is registered
// can be used; and nothing is taken for an assertion but what was signed.
//
// The first byte says what the rest is: 'r' or 'a' the JSON of a registration or an assertion, 'o' an attestation
// object, 'd' authenticator data, 'k' a COSE key, 'c' any CBOR.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sso/authenticator_data.h"
#include "sso/cbor.h"
#include "sso/cose_key.h"
#include "sso/strict_json.h"
#include "sso/webauthn.h"
#include "tests/fuzz/require.h"

namespace {

using namespace sallyport;
using namespace sallyport::sso;

const RelyingParty kGate{"gate.localhost", "https://gate.localhost:8443"};

// Of the corpus: the one credential that is known, and the one assertion that was made with it ("platform ES256", the
// first, in tests/data/webauthn/chromium.json).
constexpr const char* kKnownId = "eetOrSGluufRXuYvqsvJD8NfKgOmPsQUO9Zpgb5QhHM";
constexpr const char* kKnownKey =
    "pQECAyYgASFYIE1eQ7g2eu_TMx6xjnFMODwYcoFoTgIsvxc_FHw9vZgzIlgghgJo2vwRVmkku-pNg-qGNDlWIFhi89zRGF3kFBi3CBM";
constexpr const char* kKnownHandle = "rPtloN_PUkL4sgYfToEtczVvoMNNPMah0rPjj3IKbbc";
constexpr const char* kSignedData = "PVhgVq7jQhi0THDv_LUPA4airFXNHtT8OtlqUd87h-EFAAAAAg";
constexpr const char* kSignedChallenge = "jVGEtnnGzkiv7KbxEv8cz4_OOohrpcZuYGz5b04Bbo0";

Bytes of(const char* coded) { return base64url_decode(coded).value(); }

void check_new(const Result<NewCredential>& made) {
  if (!made) return;
  require(made->id.size() >= kWebauthnIdBytesMin && made->id.size() <= kWebauthnIdBytesMax);
  require(CoseKey::read(made->public_key).has_value());
}

void registration(std::string_view text) {
  const auto credential = parse_strict_object(text);
  if (!credential) return;
  const auto answer = read_registration(*credential);
  if (!answer) return;
  // The challenge is taken from the answer: what follows it is what is looked at here.
  const auto made = verify_registration(*answer, kGate, answer->client_data.challenge, UserVerification::kPreferred);
  check_new(made);
  if (made) require(made->id == answer->credential_id);
  WebauthnChallenge other = answer->client_data.challenge;
  other[0] ^= std::byte{1};
  require(!verify_registration(*answer, kGate, other, UserVerification::kPreferred));
}

void assertion(std::string_view text) {
  const auto credential = parse_strict_object(text);
  if (!credential) return;
  const auto answer = read_assertion(*credential);
  if (!answer) return;
  static const KnownCredential known{of(kKnownId), of(kKnownKey), 0, of(kKnownHandle)};
  const auto shown = verify_assertion(*answer, kGate, answer->client_data.challenge, UserVerification::kRequired,
                                      Identified::kByAnswer, known);
  if (!shown) return;
  require(answer->authenticator_data == of(kSignedData));
  require(std::ranges::equal(answer->client_data.challenge, of(kSignedChallenge)));
}

void data(ByteView input) {
  const auto read = read_authenticator_data(input);
  if (!read) return;
  Bytes more(input.begin(), input.end());
  more.push_back(std::byte{0});
  require(!read_authenticator_data(more));
  require(!read_authenticator_data(input.first(input.size() - 1)));
  if (read->credential) require(CoseKey::read(read->credential->public_key).has_value());
}

void object(ByteView input) {
  const auto inside = read_attestation_object(input);
  if (!inside) return;
  require(!read_attestation_object(input.first(input.size() - 1)));
  data(*inside);
}

void key(ByteView input) {
  const auto read = CoseKey::read_front(input);
  if (!read) return;
  require(read->size() <= input.size());
  const ByteView own = input.first(read->size());
  require(CoseKey::read(own).has_value());
  require(!CoseKey::read(own.first(own.size() - 1)));
  require(!read->verify(as_bytes("nobody has signed this"), input));
}

void cbor(ByteView input) {
  CborReader reader(input);
  if (!reader.skip()) return;
  // What was read over is a prefix that stands for itself.
  const ByteView own = input.first(input.size() - reader.rest().size());
  require(!own.empty());
  CborReader again(own);
  require(again.skip() && again.rest().empty());
  CborReader shorter(own.first(own.size() - 1));
  require(!shorter.skip());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest = fuzz_text(bytes + 1, size - 1);
  switch (bytes[0]) {
    case 'r':
      registration(rest);
      break;
    case 'a':
      assertion(rest);
      break;
    case 'o':
      object(as_bytes(rest));
      break;
    case 'd':
      data(as_bytes(rest));
      break;
    case 'k':
      key(as_bytes(rest));
      break;
    default:
      cbor(as_bytes(rest));
  }
  return 0;
}
