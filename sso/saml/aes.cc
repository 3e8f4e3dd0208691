#include "sso/saml/aes.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/c_handle.h"

namespace sallyport::sso::saml {
namespace {

using Context = CHandle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

constexpr size_t kBlockBytes = 16;
constexpr size_t kGcmIvBytes = 12;
constexpr size_t kGcmTagBytes = 16;

const unsigned char* raw(ByteView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* out_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
std::unexpected<Error> no_fit() { return fail(Code::kDenied, Side::kIdentityProvider, "ciphertext does not fit"); }

const EVP_CIPHER* gcm(size_t key_bytes) {
  return key_bytes == 16 ? EVP_aes_128_gcm() : key_bytes == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
}
const EVP_CIPHER* cbc(size_t key_bytes) {
  return key_bytes == 16 ? EVP_aes_128_cbc() : key_bytes == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
}

Result<std::string> gcm_decrypt(ByteView key, ByteView bytes) {
  if (bytes.size() < kGcmIvBytes + kGcmTagBytes) return no_fit();
  const ByteView text = bytes.subspan(kGcmIvBytes, bytes.size() - kGcmIvBytes - kGcmTagBytes);
  std::array<unsigned char, kGcmTagBytes> tag;
  std::ranges::copy(bytes.last(kGcmTagBytes), reinterpret_cast<std::byte*>(tag.data()));
  std::string out(text.size() + kBlockBytes, '\0');
  int size = 0;
  int rest = 0;
  const Context context(EVP_CIPHER_CTX_new());
  if (!context || EVP_DecryptInit_ex(context.get(), gcm(key.size()), nullptr, raw(key), raw(bytes)) != 1 ||
      EVP_DecryptUpdate(context.get(), out_of(out), &size, raw(text), static_cast<int>(text.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kGcmTagBytes, tag.data()) != 1 ||
      EVP_DecryptFinal_ex(context.get(), out_of(out) + size, &rest) != 1)
    return no_fit();
  out.resize(static_cast<size_t>(size + rest));
  return out;
}

Result<std::string> cbc_decrypt(ByteView key, ByteView bytes) {
  if (bytes.size() < 2 * kBlockBytes || bytes.size() % kBlockBytes != 0) return no_fit();
  const ByteView text = bytes.subspan(kBlockBytes);
  std::string out(text.size() + kBlockBytes, '\0');
  int size = 0;
  int rest = 0;
  const Context context(EVP_CIPHER_CTX_new());
  if (!context || EVP_DecryptInit_ex(context.get(), cbc(key.size()), nullptr, raw(key), raw(bytes)) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||  // its own rule for the bytes in front of the last
      EVP_DecryptUpdate(context.get(), out_of(out), &size, raw(text), static_cast<int>(text.size())) != 1 ||
      EVP_DecryptFinal_ex(context.get(), out_of(out) + size, &rest) != 1)
    return no_fit();
  out.resize(static_cast<size_t>(size + rest));
  const auto padding = static_cast<size_t>(static_cast<unsigned char>(out.back()));
  if (padding == 0 || padding > kBlockBytes) return no_fit();
  out.resize(out.size() - padding);
  return out;
}

}  // namespace

Result<std::string> aes_decrypt(const CipherAlgorithm& cipher, ByteView key, ByteView bytes) {
  if (key.size() != cipher.key_bytes) return no_fit();
  return cipher.mode == CipherMode::kGcm ? gcm_decrypt(key, bytes) : cbc_decrypt(key, bytes);
}

}  // namespace sallyport::sso::saml
