// Somebody who signs in JOSE, rightly or not: a key, its JWK, and tokens whose every part is the test's. Shares no code
// with what verifies.
#pragma once

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "base/bytes.h"
#include "base/c_handle.h"

namespace sallyport::sso {

class JoseSigner {
 public:
  using Key = CHandle<EVP_PKEY, EVP_PKEY_free>;

  // algorithm: a JOSE name; RS256 and PS256 sign with an RSA key of `bits`.
  explicit JoseSigner(std::string algorithm, std::string kid = "k1", unsigned bits = 2048)
      : algorithm_(std::move(algorithm)), kid_(std::move(kid)), key_(made(algorithm_, bits)) {
    if (!key_) std::abort();
  }

  const std::string& kid() const { return kid_; }
  const std::string& algorithm() const { return algorithm_; }

  nlohmann::json jwk() const {
    nlohmann::json out{{"kid", kid_}, {"use", "sig"}, {"alg", algorithm_}};
    if (algorithm_ == "EdDSA") {
      unsigned char raw[32];
      size_t size = sizeof raw;
      EVP_PKEY_get_raw_public_key(key_.get(), raw, &size);
      out.update({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", coded({reinterpret_cast<std::byte*>(raw), size})}});
    } else if (algorithm_ == "ES256") {
      out.update({{"kty", "EC"},
                  {"crv", "P-256"},
                  {"x", number(OSSL_PKEY_PARAM_EC_PUB_X, 32)},
                  {"y", number(OSSL_PKEY_PARAM_EC_PUB_Y, 32)}});
    } else {
      out.update({{"kty", "RSA"}, {"n", number(OSSL_PKEY_PARAM_RSA_N, 0)}, {"e", number(OSSL_PKEY_PARAM_RSA_E, 0)}});
    }
    return out;
  }
  std::string jwks() const { return nlohmann::json{{"keys", {jwk()}}}.dump(); }

  nlohmann::json header() const { return {{"alg", algorithm_}, {"kid", kid_}, {"typ", "JWT"}}; }
  std::string token(const nlohmann::json& claims) const { return token(header().dump(), claims.dump()); }
  std::string token(std::string_view header, std::string_view payload) const {
    return sign(coded(as_bytes(header)) + "." + coded(as_bytes(payload)));
  }
  // input: header.payload as it is to stand there
  std::string sign(const std::string& input) const { return input + "." + coded(signature(input)); }

  Bytes signature(std::string_view input) const {
    const CHandle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* how = nullptr;
    const bool hashes_itself = algorithm_ == "EdDSA";
    EVP_DigestSignInit(context.get(), &how, hashes_itself ? nullptr : EVP_sha256(), nullptr, key_.get());
    if (algorithm_ == "PS256") {
      EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(how, salt_bytes);
    }
    size_t size = 0;
    EVP_DigestSign(context.get(), nullptr, &size, of(input), input.size());
    Bytes out(size);
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, of(input), input.size()) !=
        1)
      std::abort();
    out.resize(size);
    return algorithm_ == "ES256" ? side_by_side(out) : out;
  }

  // HS256 with this key's public half as the secret, in the spelling that a confused verifier would take it from.
  std::string hmac_with_public_key(const std::string& input) const {
    const CHandle<BIO, BIO_free> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PUBKEY(out.get(), key_.get());
    char* pem = nullptr;
    const long size = BIO_get_mem_data(out.get(), &pem);
    std::byte mac[32];
    unsigned length = 0;
    HMAC(EVP_sha256(), pem, static_cast<int>(size), of(input), input.size(), reinterpret_cast<unsigned char*>(mac),
         &length);
    return input + "." + coded({mac, length});
  }

  int salt_bytes = 32;  // of PS256

  static std::string coded(ByteView bytes) { return base64url_encode(bytes); }
  static Bytes der(ByteView raw) {
    const auto* at = reinterpret_cast<const unsigned char*>(raw.data());
    const CHandle<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
    ECDSA_SIG_set0(pair.get(), BN_bin2bn(at, 32, nullptr), BN_bin2bn(at + 32, 32, nullptr));
    unsigned char* out = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &out);
    Bytes bytes(reinterpret_cast<std::byte*>(out), reinterpret_cast<std::byte*>(out) + size);
    OPENSSL_free(out);
    return bytes;
  }

 private:
  static const unsigned char* of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
  static Key made(const std::string& algorithm, unsigned bits) {
    if (algorithm == "EdDSA") return Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    if (algorithm == "ES256") return Key(EVP_EC_gen("P-256"));
    return Key(EVP_RSA_gen(bits));
  }
  static Bytes side_by_side(ByteView der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const CHandle<ECDSA_SIG, ECDSA_SIG_free> pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    Bytes out(64);
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), to, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), to + 32, 32);
    return out;
  }
  std::string number(const char* name, int bytes) const {
    BIGNUM* made = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &made);
    const CHandle<BIGNUM, BN_free> value(made);
    Bytes out(static_cast<size_t>(bytes != 0 ? bytes : BN_num_bytes(value.get())));
    BN_bn2binpad(value.get(), reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    return coded(out);
  }

  std::string algorithm_, kid_;
  Key key_;
};

// Keys that all tests share: to make one of RSA takes a while.
inline const JoseSigner& signer(const std::string& algorithm) {
  static const JoseSigner rs("RS256", "rs"), ps("PS256", "ps"), es("ES256", "es"), ed("EdDSA", "ed");
  return algorithm == "RS256" ? rs : algorithm == "PS256" ? ps : algorithm == "ES256" ? es : ed;
}
inline const char* const kJoseNames[] = {"RS256", "PS256", "ES256", "EdDSA"};

}  // namespace sallyport::sso
