#include "sso/cose_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstdlib>

#include "sso/cbor.h"

namespace sallyport::sso {
namespace {

using Key = CHandle<EVP_PKEY, EVP_PKEY_free>;
using Making = CHandle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Verifying = CHandle<EVP_MD_CTX, EVP_MD_CTX_free>;
using Number = CHandle<BIGNUM, BN_free>;
using Scratch = CHandle<BN_CTX, BN_CTX_free>;
using Building = CHandle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = CHandle<OSSL_PARAM, OSSL_PARAM_free>;

// Labels and values of RFC 9053 s7 and RFC 8230 s4.
constexpr int64_t kKty = 1, kAlg = 3;
constexpr int64_t kOkp = 1, kEc2 = 2, kRsa = 3;
constexpr int64_t kCurve = -1, kX = -2, kY = -3;
constexpr int64_t kP256 = 1, kEd25519 = 6;
constexpr int64_t kModulus = -1, kExponent = -2;

constexpr size_t kCoordinateBytes = 32;
constexpr size_t kEd25519SignatureBytes = 64;
constexpr size_t kModulusBytesMin = 256, kModulusBytesMax = 512;
constexpr std::array kF4{std::byte{1}, std::byte{0}, std::byte{1}};

const unsigned char* raw(ByteView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
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

Key made(const char* type, OSSL_PARAM* parts) {
  const Making making(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* out = nullptr;
  if (!making || EVP_PKEY_fromdata_init(making.get()) != 1 ||
      EVP_PKEY_fromdata(making.get(), &out, EVP_PKEY_PUBLIC_KEY, parts) != 1)
    return nullptr;
  return Key(out);
}

Result<Key> ec2_key(CborReader& reader) {
  TRY(const int64_t curve, integer_at(reader, kCurve));
  if (curve != kP256) return broken("an ES256 key that is not on P-256");
  TRY(const ByteView x, bytes_at(reader, kX));
  TRY(const ByteView y, bytes_at(reader, kY));
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) return broken("a P-256 coordinate has 32 bytes");
  std::array<std::byte, 1 + 2 * kCoordinateBytes> point{std::byte{4}};  // uncompressed, SEC 1 s2.3.3
  std::ranges::copy(y, std::ranges::copy(x, point.begin() + 1).out);
  char name[] = "prime256v1";
  OSSL_PARAM parts[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
                        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                        OSSL_PARAM_construct_end()};
  // Taking a point in this form asks whether it is on the curve (SEC 1 s2.3.4); on P-256 no such point has a small
  // order.
  Key out = made("EC", parts);
  if (!out) return broken("not a point of P-256");
  return out;
}

// The y coordinates of the points of order 1, 2, 4 and 8 (little endian, without the sign of x): whoever registers one
// of them has a key that everybody can sign with.
constexpr std::array<std::string_view, 5> kSmallOrders{
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

// RFC 8032 s5.1.3: y < p, and (y^2 - 1) / (d y^2 + 1) is a square. OpenSSL asks only when it verifies, and a key is
// registered without that.
bool is_on_ed25519(ByteView point) {
  std::array<std::byte, kCoordinateBytes> y;
  std::ranges::copy(point, y.begin());
  y.back() &= std::byte{0x7f};
  if (std::ranges::find(kSmallOrders, hex_encode(y)) != kSmallOrders.end()) return false;
  BIGNUM* p_made = nullptr;
  BIGNUM* d_made = nullptr;
  BN_hex2bn(&p_made, "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
  BN_hex2bn(&d_made, "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3");
  const Number p(p_made), d(d_made), u(BN_lebin2bn(raw(y), kCoordinateBytes, nullptr)), v(BN_new());
  const Scratch scratch(BN_CTX_new());
  if (!p || !d || !u || !v || !scratch) std::abort();
  if (BN_cmp(u.get(), p.get()) >= 0) return false;
  // u := y^2, v := d u + 1, u := (u - 1) v, which is a square exactly when (u - 1) / v is.
  if (BN_mod_sqr(u.get(), u.get(), p.get(), scratch.get()) != 1 ||
      BN_mod_mul(v.get(), d.get(), u.get(), p.get(), scratch.get()) != 1 || BN_add_word(v.get(), 1) != 1 ||
      BN_sub_word(u.get(), 1) != 1 || BN_mod_mul(u.get(), u.get(), v.get(), p.get(), scratch.get()) != 1)
    std::abort();
  return BN_kronecker(u.get(), p.get(), scratch.get()) == 1;
}

Result<Key> okp_key(CborReader& reader) {
  TRY(const int64_t curve, integer_at(reader, kCurve));
  if (curve != kEd25519) return broken("an EdDSA key that is not on Ed25519");
  TRY(const ByteView x, bytes_at(reader, kX));
  if (x.size() != kCoordinateBytes) return broken("an Ed25519 key has 32 bytes");
  if (!is_on_ed25519(x)) return broken("not a point of Ed25519, or one of small order");
  Key out(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(x), x.size()));
  if (!out) return broken("not an Ed25519 key");
  return out;
}

Result<Key> rsa_key(CborReader& reader) {
  TRY(const ByteView modulus, bytes_at(reader, kModulus));
  TRY(const ByteView exponent, bytes_at(reader, kExponent));
  if (modulus.size() < kModulusBytesMin || modulus.size() > kModulusBytesMax)
    return broken("an RSA key of another size");
  const auto top = std::to_integer<uint8_t>(modulus.front()), bottom = std::to_integer<uint8_t>(modulus.back());
  if ((top & 0x80) == 0 || (bottom & 1) == 0) return broken("not the modulus of an RSA key");
  if (!std::ranges::equal(exponent, kF4)) return broken("an RSA key whose exponent is not 65537");
  const Number n(BN_bin2bn(raw(modulus), static_cast<int>(modulus.size()), nullptr)), e(BN_new());
  const Building building(OSSL_PARAM_BLD_new());
  if (!n || !e || !building || BN_set_word(e.get(), 65537) != 1 ||
      OSSL_PARAM_BLD_push_BN(building.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(building.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    std::abort();
  const Params parts(OSSL_PARAM_BLD_to_param(building.get()));
  Key out = parts ? made("RSA", parts.get()) : nullptr;
  if (!out) return broken("not an RSA key");
  return out;
}

struct Form {
  CoseAlgorithm algorithm;
  int64_t kty;
  size_t members;
  Result<Key> (*read)(CborReader&);
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
  CoseKey out;
  out.algorithm_ = form->algorithm;
  TRY(out.key_, form->read(reader));
  out.size_ = input.size() - reader.rest().size();
  return out;
}

Result<CoseKey> CoseKey::read(ByteView input) {
  TRY(CoseKey out, read_front(input));
  if (out.size() != input.size()) return broken("bytes behind a COSE key");
  return out;
}

bool CoseKey::verify(ByteView message, ByteView signature) const {
  const bool one_shot = algorithm_ == CoseAlgorithm::kEdDsa;  // hashes by itself (RFC 8032 s5.1.7)
  if (one_shot && signature.size() != kEd25519SignatureBytes) return false;
  const Verifying verifying(EVP_MD_CTX_new());
  return verifying &&
         EVP_DigestVerifyInit(verifying.get(), nullptr, one_shot ? nullptr : EVP_sha256(), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(verifying.get(), raw(signature), signature.size(), raw(message), message.size()) == 1;
}

}  // namespace sallyport::sso
