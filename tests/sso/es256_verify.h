// An upstream in small: splits a token and verifies it with OpenSSL alone, sharing no code with what signs.
#pragma once

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/bytes.h"
#include "base/c_handle.h"

namespace sallyport::sso {

// signature: r, s.   x, y: of the public key, 32 bytes each.
inline bool es256_fits(ByteView x, ByteView y, std::string_view message, ByteView signature) {
  using Key = CHandle<EVP_PKEY, EVP_PKEY_free>;
  if (x.size() != 32 || y.size() != 32 || signature.size() != 64) return false;
  std::string point(1, '\4');
  point.append(as_text(x)).append(as_text(y));
  char name[] = "prime256v1";
  OSSL_PARAM parts[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0),
                        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
                        OSSL_PARAM_construct_end()};
  const CHandle<EVP_PKEY_CTX, EVP_PKEY_CTX_free> making(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* made = nullptr;
  EVP_PKEY_fromdata_init(making.get());
  if (EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_PUBLIC_KEY, parts) != 1) return false;
  const Key key(made);
  const auto* raw = reinterpret_cast<const unsigned char*>(signature.data());
  const CHandle<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
  ECDSA_SIG_set0(pair.get(), BN_bin2bn(raw, 32, nullptr), BN_bin2bn(raw + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  const CHandle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const bool fits = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
                    EVP_DigestVerify(context.get(), der, static_cast<size_t>(size),
                                     reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
  OPENSSL_free(der);
  return fits;
}

// The claims of `token`, if a key of `set` with the token's kid fits; null otherwise.
inline nlohmann::json verified_claims(std::string_view token, std::string_view set) {
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  if (first == token.npos || second == token.npos) return nullptr;
  const auto header = base64url_decode(token.substr(0, first));
  const auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
  const auto signature = base64url_decode(token.substr(second + 1));
  if (!header || !payload || !signature) return nullptr;
  const auto said = nlohmann::json::parse(as_text(*header), nullptr, false);
  if (!said.is_object() || said.value("alg", "") != "ES256" || said.value("typ", "") != "JWT") return nullptr;
  for (const auto& key : nlohmann::json::parse(set).at("keys")) {
    if (key["kid"] != said.value("kid", "")) continue;
    const auto x = base64url_decode(key["x"].get<std::string>());
    const auto y = base64url_decode(key["y"].get<std::string>());
    if (es256_fits(*x, *y, token.substr(0, second), *signature))
      return nlohmann::json::parse(as_text(*payload), nullptr, false);
  }
  return nullptr;
}

}  // namespace sallyport::sso
