#include "sso/cose_key.h"

#include <algorithm>
#include <array>

#include "sso/cbor.h"

namespace sallyport::sso {
namespace {

// Labels and values of RFC 9053 s7 and RFC 8230 s4.
constexpr int64_t kKty = 1, kAlg = 3;
constexpr int64_t kOkp = 1, kEc2 = 2, kRsa = 3;
constexpr int64_t kCurve = -1, kX = -2, kY = -3;
constexpr int64_t kP256 = 1, kEd25519 = 6;
constexpr int64_t kModulus = -1, kExponent = -2;

constexpr size_t kModulusBytesMax = 512;

std::unexpected<Error> broken(const char* what) { return malformed(Side::kClient, what); }

// Members stand in one order (CTAP 2.1 s8), so each is asked for by its name, and there is none twice.
Result<int64_t> integer_at(CborReader& reader, int64_t label) {
  TRY(const int64_t key, reader.integer());
  if (key != label) return broken("a COSE key with other members than its own");
  return reader.integer();
}

Result<ByteView> bytes_at(CborReader& reader, int64_t label) {
  TRY(const int64_t key, reader.integer());
  if (key != label) return broken("a COSE key with other members than its own");
  return reader.bytes();
}

Result<PublicKey> ec2_key(CborReader& reader) {
  TRY(const int64_t curve, integer_at(reader, kCurve));
  if (curve != kP256) return broken("an ES256 key that is not on P-256");
  TRY(const ByteView x, bytes_at(reader, kX));
  TRY(const ByteView y, bytes_at(reader, kY));
  return PublicKey::p256(x, y);
}

Result<PublicKey> okp_key(CborReader& reader) {
  TRY(const int64_t curve, integer_at(reader, kCurve));
  if (curve != kEd25519) return broken("an EdDSA key that is not on Ed25519");
  TRY(const ByteView x, bytes_at(reader, kX));
  return PublicKey::ed25519(x);
}

Result<PublicKey> rsa_key(CborReader& reader) {
  TRY(const ByteView modulus, bytes_at(reader, kModulus));
  TRY(const ByteView exponent, bytes_at(reader, kExponent));
  return PublicKey::rsa(modulus, exponent, kModulusBytesMax);
}

struct Form {
  CoseAlgorithm algorithm;
  int64_t kty;
  size_t members;
  Result<PublicKey> (*read)(CborReader&);
};
constexpr Form kForms[] = {
    {CoseAlgorithm::kEs256, kEc2, 5, ec2_key},
    {CoseAlgorithm::kEdDsa, kOkp, 4, okp_key},
    {CoseAlgorithm::kRs256, kRsa, 4, rsa_key},
};

}  // namespace

std::string_view to_string(CoseAlgorithm algorithm) {
  switch (algorithm) {
    case CoseAlgorithm::kEs256:
      return "ES256";
    case CoseAlgorithm::kEdDsa:
      return "EdDSA";
    case CoseAlgorithm::kRs256:
      return "RS256";
  }
  return "unknown";
}

Result<CoseKey> CoseKey::read_front(ByteView input) {
  CborReader reader(input);
  TRY(const size_t members, reader.map());
  TRY(const int64_t kty, integer_at(reader, kKty));
  TRY(const int64_t algorithm, integer_at(reader, kAlg));
  const auto form =
      std::ranges::find(kForms, algorithm, [](const Form& f) { return static_cast<int64_t>(f.algorithm); });
  if (form == std::end(kForms)) return fail(Code::kUnsupported, Side::kClient, "an algorithm that was not offered");
  if (kty != form->kty || members != form->members) return broken("a COSE key of another type than its algorithm's");
  TRY(PublicKey key, form->read(reader));
  return CoseKey(form->algorithm, input.size() - reader.rest().size(), std::move(key));
}

Result<CoseKey> CoseKey::read(ByteView input) {
  TRY(CoseKey out, read_front(input));
  if (out.size() != input.size()) return broken("bytes behind a COSE key");
  return out;
}

}  // namespace sallyport::sso
