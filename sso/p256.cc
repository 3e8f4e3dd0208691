#include "sso/p256.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstdlib>

#include "base/random.h"

namespace sallyport::sso {
namespace {

using Number = CHandle<BIGNUM, BN_clear_free>;
using Group = CHandle<EC_GROUP, EC_GROUP_free>;
using Point = CHandle<EC_POINT, EC_POINT_free>;
using Scratch = CHandle<BN_CTX, BN_CTX_free>;
using Making = CHandle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Signing = CHandle<EVP_MD_CTX, EVP_MD_CTX_free>;
using Pair = CHandle<ECDSA_SIG, ECDSA_SIG_free>;

constexpr size_t kUncompressedBytes = 65;  // 4, x, y (SEC 1 s2.3.3)
constexpr size_t kDerBytesMax = 72;        // of a signature: two integers of at most 33 bytes

unsigned char* out_of(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
const unsigned char* raw(ByteView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

const EC_GROUP* p256() {
  static const Group group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  return group.get();
}

bool in_range(const BIGNUM* scalar) { return !BN_is_zero(scalar) && BN_cmp(scalar, EC_GROUP_get0_order(p256())) < 0; }

std::unexpected<Error> not_accepted() { return fail(Code::kInternal, Side::kSelf, "OpenSSL did not take a P-256 key"); }

}  // namespace

// FIPS 186-5 A.2.2: random bits are taken as they are, unless they are out of range (once in 2^32).
Result<SecretBytes> P256Key::random_scalar() {
  TRY(SecretBytes scalar, SecretBytes::of_size(kP256ScalarBytes));
  Number number;
  do {
    fill_random(scalar.span());
    number.reset(BN_bin2bn(raw(scalar.view()), kP256ScalarBytes, nullptr));
    if (!number) return not_accepted();
  } while (!in_range(number.get()));
  return scalar;
}

Result<P256Key> P256Key::open(const SecretBytes& scalar) {
  if (scalar.size() != kP256ScalarBytes) return malformed(Side::kSelf, "a private P-256 key has 32 bytes");
  const Number number(BN_bin2bn(raw(scalar.view()), kP256ScalarBytes, nullptr));
  const Scratch scratch(BN_CTX_secure_new());
  const Point point(EC_POINT_new(p256()));
  if (!number || !scratch || !point) return not_accepted();
  if (!in_range(number.get())) return malformed(Side::kSelf, "a private P-256 key is out of range");
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  std::array<std::byte, kUncompressedBytes> uncompressed{};
  if (EC_POINT_mul(p256(), point.get(), number.get(), nullptr, nullptr, scratch.get()) != 1 ||
      EC_POINT_point2oct(p256(), point.get(), POINT_CONVERSION_UNCOMPRESSED, out_of(uncompressed), uncompressed.size(),
                         scratch.get()) != uncompressed.size())
    return not_accepted();

  TRY(SecretBytes native, SecretBytes::of_size(kP256ScalarBytes));  // as OSSL_PARAM has its integers
  char name[] = "prime256v1";
  OSSL_PARAM parts[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, uncompressed.data(), uncompressed.size()),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, out_of(native.span()), native.size()),
      OSSL_PARAM_construct_end()};
  const Making making(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* made = nullptr;
  if (BN_bn2nativepad(number.get(), out_of(native.span()), kP256ScalarBytes) != kP256ScalarBytes || !making ||
      EVP_PKEY_fromdata_init(making.get()) != 1 || EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_KEYPAIR, parts) != 1)
    return not_accepted();
  P256Key out;
  out.key_.reset(made);
  std::copy_n(uncompressed.begin() + 1, 32, out.point_.x.begin());
  std::copy_n(uncompressed.begin() + 33, 32, out.point_.y.begin());
  return out;
}

P256Signature P256Key::sign(std::string_view message) const {
  std::array<std::byte, kDerBytesMax> der{};
  size_t size = der.size();
  P256Signature out{};
  const Signing signing(EVP_MD_CTX_new());
  // OpenSSL writes DER; what is wanted is the two numbers (RFC 7515 A.3.1). Without memory there is no honest way on.
  if (!signing || EVP_DigestSignInit(signing.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(signing.get(), out_of(der), &size, raw(as_bytes(message)), message.size()) != 1)
    std::abort();
  const unsigned char* at = raw(ByteView(der));
  const Pair pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out_of(out), 32) != 32 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out_of(std::span(out).subspan(32)), 32) != 32)
    std::abort();
  return out;
}

}  // namespace sallyport::sso
