#include "sso/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace sallyport::sso {
namespace {

using Key = CHandle<EVP_PKEY, EVP_PKEY_free>;
using Making = CHandle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Verifying = CHandle<EVP_MD_CTX, EVP_MD_CTX_free>;
using Number = CHandle<BIGNUM, BN_free>;
using Scratch = CHandle<BN_CTX, BN_CTX_free>;
using Building = CHandle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = CHandle<OSSL_PARAM, OSSL_PARAM_free>;
using Pair = CHandle<ECDSA_SIG, ECDSA_SIG_free>;
void free_der(unsigned char* der) { OPENSSL_free(der); }
using Der = CHandle<unsigned char, free_der>;

constexpr size_t kCoordinateBytes = 32;
constexpr size_t kEd25519SignatureBytes = 64;
constexpr int kPssSaltBytes = 32;
constexpr std::array kF4{std::byte{1}, std::byte{0}, std::byte{1}};

// What OpenSSL says of foreign bytes is not left in this thread's queue, where somebody else would find it.
struct ErrorsEndHere {
  ErrorsEndHere() { ERR_set_mark(); }
  ErrorsEndHere(const ErrorsEndHere&) = delete;
  ErrorsEndHere& operator=(const ErrorsEndHere&) = delete;
  ~ErrorsEndHere() { ERR_pop_to_mark(); }
};

const unsigned char* raw(ByteView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
std::unexpected<Error> broken(const char* what) { return malformed(Side::kClient, what); }

Key made(const char* type, OSSL_PARAM* parts) {
  const Making making(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* out = nullptr;
  if (!making || EVP_PKEY_fromdata_init(making.get()) != 1 ||
      EVP_PKEY_fromdata(making.get(), &out, EVP_PKEY_PUBLIC_KEY, parts) != 1)
    return nullptr;
  return Key(out);
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

bool fits_digest(EVP_PKEY* key, const EVP_MD* digest, ByteView message, ByteView signature, bool pss) {
  const ErrorsEndHere errors;
  const Verifying verifying(EVP_MD_CTX_new());
  EVP_PKEY_CTX* how = nullptr;  // of `verifying`
  if (!verifying || EVP_DigestVerifyInit(verifying.get(), &how, digest, nullptr, key) != 1) return false;
  if (pss && (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) != 1 ||
              EVP_PKEY_CTX_set_rsa_mgf1_md(how, EVP_sha256()) != 1 ||
              EVP_PKEY_CTX_set_rsa_pss_saltlen(how, kPssSaltBytes) != 1))
    return false;
  return EVP_DigestVerify(verifying.get(), raw(signature), signature.size(), raw(message), message.size()) == 1;
}

}  // namespace

Result<PublicKey> PublicKey::p256(ByteView x, ByteView y) {
  const ErrorsEndHere errors;
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) return broken("a P-256 coordinate has 32 bytes");
  std::array<std::byte, 1 + 2 * kCoordinateBytes> point{std::byte{4}};  // uncompressed, SEC 1 s2.3.3
  std::ranges::copy(y, std::ranges::copy(x, point.begin() + 1).out);
  char name[] = "prime256v1";
  OSSL_PARAM parts[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
                        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                        OSSL_PARAM_construct_end()};
  // Taking a point in this form asks whether it is on the curve (SEC 1 s2.3.4); on P-256 no such point has a small
  // order.
  Key key = made("EC", parts);
  if (!key) return broken("not a point of P-256");
  return PublicKey(PublicKeyKind::kP256, std::move(key));
}

Result<PublicKey> PublicKey::ed25519(ByteView x) {
  const ErrorsEndHere errors;
  if (x.size() != kCoordinateBytes) return broken("an Ed25519 key has 32 bytes");
  if (!is_on_ed25519(x)) return broken("not a point of Ed25519, or one of small order");
  Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(x), x.size()));
  if (!key) return broken("not an Ed25519 key");
  return PublicKey(PublicKeyKind::kEd25519, std::move(key));
}

Result<PublicKey> PublicKey::rsa(ByteView modulus, ByteView exponent, size_t modulus_bytes_max) {
  const ErrorsEndHere errors;
  if (modulus.size() < kRsaModulusBytesMin || modulus.size() > modulus_bytes_max)
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
  Key key = parts ? made("RSA", parts.get()) : nullptr;
  if (!key) return broken("not an RSA key");
  return PublicKey(PublicKeyKind::kRsa, std::move(key));
}

bool PublicKey::fits(ByteView message, ByteView signature) const {
  const bool one_shot = kind_ == PublicKeyKind::kEd25519;  // hashes by itself (RFC 8032 s5.1.7)
  if (one_shot && signature.size() != kEd25519SignatureBytes) return false;
  return fits_digest(key_->get(), one_shot ? nullptr : EVP_sha256(), message, signature, false);
}

bool PublicKey::fits_raw_ecdsa(ByteView message, ByteView signature) const {
  if (kind_ != PublicKeyKind::kP256 || signature.size() != 2 * kCoordinateBytes) return false;
  const Pair pair(ECDSA_SIG_new());
  Number r(BN_bin2bn(raw(signature), kCoordinateBytes, nullptr)),
      s(BN_bin2bn(raw(signature) + kCoordinateBytes, kCoordinateBytes, nullptr));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) std::abort();
  (void)r.release();
  (void)s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  const Der owner(der);
  if (size <= 0) return false;
  return fits(message, {reinterpret_cast<const std::byte*>(der), static_cast<size_t>(size)});
}

Bytes sha512(ByteView message) {
  constexpr size_t kDigestBytes = 64;
  Bytes out(kDigestBytes);
  unsigned size = 0;
  if (EVP_Digest(message.data(), message.size(), reinterpret_cast<unsigned char*>(out.data()), &size, EVP_sha512(),
                 nullptr) != 1 ||
      size != kDigestBytes)
    std::abort();
  return out;
}

bool PublicKey::fits_pss(ByteView message, ByteView signature) const {
  return kind_ == PublicKeyKind::kRsa && fits_digest(key_->get(), EVP_sha256(), message, signature, true);
}

}  // namespace sallyport::sso
