// An authenticator and a browser in a few lines, for tests: keys of every algorithm, authenticator data, client data
// and the JSON that navigator.credentials gives back. Each part can be put wrong before it is signed.
#pragma once

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "base/bytes.h"
#include "base/c_handle.h"
#include "base/digest.h"
#include "base/random.h"
#include "sso/webauthn.h"

namespace sallyport::sso {

using ordered = nlohmann::ordered_json;

inline Bytes operator+(Bytes left, ByteView right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}
inline Bytes unhex(std::string_view hex) { return *hex_decode(hex); }

// CBOR, of what is needed here.
inline Bytes cbor_head(int major, uint64_t value) {
  const auto first = [&](uint64_t info) { return static_cast<std::byte>(major << 5 | static_cast<int>(info)); };
  if (value < 24) return {first(value)};
  Bytes out;
  const int bytes = value < 0x100 ? 1 : value < 0x10000 ? 2 : 4;
  out.push_back(first(bytes == 1 ? 24 : bytes == 2 ? 25 : 26));
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
  return out;
}
inline Bytes cbor_integer(int64_t value) {
  return value < 0 ? cbor_head(1, static_cast<uint64_t>(-1 - value)) : cbor_head(0, static_cast<uint64_t>(value));
}
inline Bytes cbor_bytes(ByteView bytes) { return cbor_head(2, bytes.size()) + bytes; }
inline Bytes cbor_text(std::string_view text) { return cbor_head(3, text.size()) + as_bytes(text); }

inline Bytes ec2_cose(ByteView x, ByteView y, int64_t algorithm = -7, int64_t curve = 1) {
  return cbor_head(5, 5) + cbor_integer(1) + cbor_integer(2) + cbor_integer(3) + cbor_integer(algorithm) +
         cbor_integer(-1) + cbor_integer(curve) + cbor_integer(-2) + cbor_bytes(x) + cbor_integer(-3) + cbor_bytes(y);
}
inline Bytes okp_cose(ByteView x, int64_t algorithm = -8, int64_t curve = 6) {
  return cbor_head(5, 4) + cbor_integer(1) + cbor_integer(1) + cbor_integer(3) + cbor_integer(algorithm) +
         cbor_integer(-1) + cbor_integer(curve) + cbor_integer(-2) + cbor_bytes(x);
}
inline Bytes rsa_cose(ByteView n, ByteView e, int64_t algorithm = -257) {
  return cbor_head(5, 4) + cbor_integer(1) + cbor_integer(3) + cbor_integer(3) + cbor_integer(algorithm) +
         cbor_integer(-1) + cbor_bytes(n) + cbor_integer(-2) + cbor_bytes(e);
}

class SoftwareKey {
 public:
  explicit SoftwareKey(int64_t algorithm) : algorithm_(algorithm) {
    key_.reset(algorithm == -7   ? EVP_EC_gen("P-256")
               : algorithm == -8 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                 : EVP_RSA_gen(2048));
  }

  Bytes cose() const {
    if (algorithm_ == -7) return ec2_cose(number(OSSL_PKEY_PARAM_EC_PUB_X, 32), number(OSSL_PKEY_PARAM_EC_PUB_Y, 32));
    if (algorithm_ == -257) return rsa_cose(number(OSSL_PKEY_PARAM_RSA_N, 256), number(OSSL_PKEY_PARAM_RSA_E, 3));
    Bytes x(32);
    size_t size = x.size();
    EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(x.data()), &size);
    return okp_cose(x);
  }

  Bytes sign(ByteView message) const {
    const CHandle<EVP_MD_CTX, EVP_MD_CTX_free> signing(EVP_MD_CTX_new());
    EVP_DigestSignInit(signing.get(), nullptr, algorithm_ == -8 ? nullptr : EVP_sha256(), nullptr, key_.get());
    Bytes out(512);
    size_t size = out.size();
    EVP_DigestSign(signing.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                   reinterpret_cast<const unsigned char*>(message.data()), message.size());
    out.resize(size);
    return out;
  }

 private:
  Bytes number(const char* name, size_t bytes) const {
    BIGNUM* made = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &made);
    const CHandle<BIGNUM, BN_free> value(made);
    Bytes out(bytes);
    BN_bn2binpad(value.get(), reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(bytes));
    return out;
  }

  int64_t algorithm_;
  CHandle<EVP_PKEY, EVP_PKEY_free> key_;
};

constexpr uint8_t kUp = 1, kUv = 4, kBe = 8, kBs = 16, kAt = 64, kEd = 128;

struct SoftwareAuthenticator {
  RelyingParty party{"gate.test", "https://gate.test:8443"};  // as the browser and the authenticator see it
  SoftwareKey key{-7};
  Bytes id = Bytes(32, std::byte{0x1d});
  Bytes user_handle = Bytes(32, std::byte{0x0a});
  uint32_t counter = 7;
  uint8_t flags = kUp | kUv;
  Bytes extensions{};  // behind everything, with ED
  ordered more_client_data = ordered::object();
  std::string type{};            // another one than the ceremony's
  std::string statement = "a0";  // attStmt, hex

  Bytes data(uint8_t more, ByteView attested) const {
    const Sha256 rp = sha256(as_bytes(party.id));
    Bytes out(rp.begin(), rp.end());
    out.push_back(static_cast<std::byte>(flags | more | (extensions.empty() ? 0 : kEd)));
    for (int i = 3; i >= 0; --i) out.push_back(static_cast<std::byte>(counter >> (8 * i)));
    return out + attested + extensions;
  }
  Bytes attested(ByteView cose) const {
    return Bytes(16, std::byte{0xaa}) +
           Bytes{static_cast<std::byte>(id.size() >> 8), static_cast<std::byte>(id.size())} + id + cose;
  }
  Bytes registration_data() const { return data(kAt, attested(key.cose())); }
  Bytes assertion_data() const { return data(0, {}); }

  Bytes attestation_object(ByteView authenticator_data) const {
    return cbor_head(5, 3) + cbor_text("fmt") + cbor_text("none") + cbor_text("attStmt") + unhex(statement) +
           cbor_text("authData") + cbor_bytes(authenticator_data);
  }

  std::string client_data(std::string_view ceremony, const WebauthnChallenge& challenge) const {
    ordered out{{"type", type.empty() ? std::string(ceremony) : type},
                {"challenge", base64url_encode(challenge)},
                {"origin", party.origin},
                {"crossOrigin", false}};
    out.update(more_client_data);
    return out.dump();
  }

  nlohmann::json registration(const WebauthnChallenge& challenge) const {
    return registration_of(client_data("webauthn.create", challenge), attestation_object(registration_data()));
  }
  nlohmann::json registration_of(std::string_view client, ByteView object) const {
    return {{"id", base64url_encode(id)},
            {"rawId", base64url_encode(id)},
            {"type", "public-key"},
            {"authenticatorAttachment", "platform"},
            {"clientExtensionResults", {{"credProps", {{"rk", true}}}}},
            {"response",
             {{"clientDataJSON", base64url_encode(as_bytes(client))},
              {"attestationObject", base64url_encode(object)},
              {"transports", {"internal", "hybrid", "pigeon"}}}}};
  }

  nlohmann::json assertion(const WebauthnChallenge& challenge) const {
    return assertion_of(client_data("webauthn.get", challenge), assertion_data());
  }
  nlohmann::json assertion_of(const std::string& client, const Bytes& authenticator_data) const {
    return assertion_of(client, authenticator_data, key.sign(authenticator_data + sha256(as_bytes(client))));
  }
  nlohmann::json assertion_of(const std::string& client, const Bytes& authenticator_data,
                              const Bytes& signature) const {
    return {{"id", base64url_encode(id)},
            {"rawId", base64url_encode(id)},
            {"type", "public-key"},
            {"authenticatorAttachment", "platform"},
            {"clientExtensionResults", nlohmann::json::object()},
            {"response",
             {{"clientDataJSON", base64url_encode(as_bytes(client))},
              {"authenticatorData", base64url_encode(authenticator_data)},
              {"signature", base64url_encode(signature)},
              {"userHandle", base64url_encode(user_handle)}}}};
  }
};

}  // namespace sallyport::sso
