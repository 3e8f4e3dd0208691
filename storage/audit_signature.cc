#include "storage/audit_signature.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <cstring>

namespace sallyport::storage::audit {
namespace {

using ContextPtr = CHandle<EVP_MD_CTX, EVP_MD_CTX_free>;
constexpr size_t kKeyBytes = 32;

const unsigned char* raw(ByteView bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

KeyId id_of(ByteView public_key) {
  const Sha256 hash = sha256(public_key);
  KeyId out;
  std::memcpy(out.data(), hash.data(), out.size());
  return out;
}

template <class T>
void append(Bytes& out, const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Bytes message_of(const SignedState& state) {
  constexpr std::string_view kContext = "sallyport audit checkpoint v1\n";
  Bytes out(as_bytes(kContext).begin(), as_bytes(kContext).end());
  append(out, state.installation.bytes);
  append(out, state.chain.bytes);
  append(out, state.segment);
  append(out, static_cast<uint16_t>(state.checkpoint.cause));
  append(out, state.checkpoint.seq);
  append(out, count(state.checkpoint.at));
  append(out, state.checkpoint.hash);
  return out;
}

}  // namespace

Result<Signer> Signer::open(const SecretBytes& seed) {
  if (seed.size() != kKeyBytes) return malformed(Side::kSelf, "audit signing key is not 32 bytes");
  Signer out;
  out.key_.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed.view()), seed.size()));
  if (!out.key_) return fail(Code::kInternal, Side::kSelf, "audit signing key was not accepted");
  out.public_key_.resize(kKeyBytes);
  size_t size = kKeyBytes;
  if (EVP_PKEY_get_raw_public_key(out.key_.get(), reinterpret_cast<unsigned char*>(out.public_key_.data()), &size) != 1)
    return fail(Code::kInternal, Side::kSelf, "audit signing key was not accepted");
  out.key_id_ = id_of(out.public_key_);
  return out;
}

std::array<std::byte, 64> Signer::sign(const SignedState& state) const {
  const Bytes message = message_of(state);
  std::array<std::byte, 64> out{};
  size_t size = out.size();
  const ContextPtr context(EVP_MD_CTX_new());
  // Without memory for a signature there is no honest way on.
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, raw(message),
                     message.size()) != 1)
    std::abort();
  return out;
}

Verifier::Verifier(const std::vector<Bytes>& public_keys) {
  for (const Bytes& bytes : public_keys) {
    if (bytes.size() != kKeyBytes) continue;
    KeyPtr key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(bytes), bytes.size()));
    if (key) keys_.emplace_back(id_of(bytes), std::move(key));
  }
}

EVP_PKEY* Verifier::find(const KeyId& id) const {
  for (const auto& [known, key] : keys_)
    if (known == id) return key.get();
  return nullptr;
}

bool Verifier::fits(const SignedState& state) const {
  EVP_PKEY* const key = find(state.checkpoint.key_id);
  if (key == nullptr) return false;
  const Bytes message = message_of(state);
  const ContextPtr context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), raw(state.checkpoint.signature), state.checkpoint.signature.size(),
                          raw(message), message.size()) == 1;
}

}  // namespace sallyport::storage::audit
