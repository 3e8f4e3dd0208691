#include "storage/aes_gcm.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/c_handle.h"

namespace sallyport::storage {
namespace {

using CipherContext = CHandle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using Cipher = CHandle<EVP_CIPHER, EVP_CIPHER_free>;
using Kdf = CHandle<EVP_KDF, EVP_KDF_free>;
using KdfContext = CHandle<EVP_KDF_CTX, EVP_KDF_CTX_free>;

const unsigned char* in(ByteView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* out_of(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

// The thread's context; leaving the scope forgets the key schedule.
class Session {
 public:
  Session() : context_(thread_context()) {}
  ~Session() { EVP_CIPHER_CTX_reset(context_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  EVP_CIPHER_CTX* get() const { return context_; }

 private:
  static EVP_CIPHER_CTX* thread_context() {
    thread_local const CipherContext context(EVP_CIPHER_CTX_new());
    return context.get();
  }
  EVP_CIPHER_CTX* context_;
};

const EVP_CIPHER* aes_256_gcm() {
  static const Cipher cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  return cipher.get();
}

bool sizes_fit(ByteView key, ByteView iv, ByteView aad, size_t text) {
  return key.size() == kAesKeyBytes && iv.size() == kGcmIvBytes && aad.size() <= INT32_MAX && text <= INT32_MAX;
}

std::unexpected<Error> wrong_sizes() { return fail(Code::kInternal, Side::kSelf, "AES-GCM was given wrong sizes"); }

}  // namespace

Result<void> gcm_encrypt(ByteView key, ByteView iv, ByteView aad, ByteView plain, std::span<std::byte> out) {
  if (!sizes_fit(key, iv, aad, plain.size()) || out.size() != plain.size() + kGcmTagBytes) return wrong_sizes();
  const Session session;
  EVP_CIPHER_CTX* const context = session.get();
  int length = 0;
  const bool done =
      EVP_EncryptInit_ex2(context, aes_256_gcm(), in(key), in(iv), nullptr) == 1 &&
      (aad.empty() || EVP_EncryptUpdate(context, nullptr, &length, in(aad), static_cast<int>(aad.size())) == 1) &&
      (plain.empty() ||
       EVP_EncryptUpdate(context, out_of(out), &length, in(plain), static_cast<int>(plain.size())) == 1) &&
      EVP_EncryptFinal_ex(context, out_of(out.subspan(plain.size())), &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kGcmTagBytes, out_of(out.subspan(plain.size()))) == 1;
  if (!done) return fail(Code::kInternal, Side::kSelf, "AES-GCM failed");
  return {};
}

Result<void> gcm_decrypt(ByteView key, ByteView iv, ByteView aad, ByteView sealed, std::span<std::byte> out) {
  if (sealed.size() < kGcmTagBytes || !sizes_fit(key, iv, aad, sealed.size()) ||
      out.size() != sealed.size() - kGcmTagBytes)
    return wrong_sizes();
  const ByteView cipher_text = sealed.first(out.size());
  std::array<std::byte, kGcmTagBytes> tag;
  std::ranges::copy(sealed.subspan(out.size()), tag.begin());
  const Session session;
  EVP_CIPHER_CTX* const context = session.get();
  int length = 0;
  const bool started =
      EVP_DecryptInit_ex2(context, aes_256_gcm(), in(key), in(iv), nullptr) == 1 &&
      (aad.empty() || EVP_DecryptUpdate(context, nullptr, &length, in(aad), static_cast<int>(aad.size())) == 1) &&
      (out.empty() ||
       EVP_DecryptUpdate(context, out_of(out), &length, in(cipher_text), static_cast<int>(cipher_text.size())) == 1) &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kGcmTagBytes, tag.data()) == 1;
  std::array<std::byte, kGcmTagBytes> unused;
  if (!started || EVP_DecryptFinal_ex(context, out_of(unused), &length) != 1) {
    wipe(out);
    return fail(Code::kDenied, Side::kStorage, "sealed value does not open");
  }
  return {};
}

Result<SecretBytes> hkdf_sha256(ByteView input_key, ByteView salt, ByteView info, size_t size) {
  TRY(SecretBytes out, SecretBytes::of_size(size));
  static const Kdf kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  const KdfContext context(EVP_KDF_CTX_new(kdf.get()));
  char digest[] = "SHA256";
  // OpenSSL takes these by non-const pointer and only reads them; it does not take a null pointer for an empty one.
  static std::byte nothing{};
  const auto octets = [](const char* name, ByteView bytes) {
    return OSSL_PARAM_construct_octet_string(name, bytes.empty() ? &nothing : const_cast<std::byte*>(bytes.data()),
                                             bytes.size());
  };
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                               octets(OSSL_KDF_PARAM_KEY, input_key), octets(OSSL_KDF_PARAM_SALT, salt),
                               octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
  if (context == nullptr || EVP_KDF_derive(context.get(), out_of(out.span()), size, params) != 1)
    return fail(Code::kInternal, Side::kSelf, "HKDF failed");
  return out;
}

}  // namespace sallyport::storage
