#include "storage/seal.h"

#include <algorithm>

#include "base/random.h"
#include "storage/aes_gcm.h"
#include "storage/length_prefixed.h"

namespace sallyport::storage {
namespace {

constexpr std::byte kVersion{1};
constexpr size_t kKeyIdAt = 1;
constexpr size_t kIvAt = kKeyIdAt + 4;
constexpr size_t kTextAt = kIvAt + kGcmIvBytes;
static_assert(kTextAt + kGcmTagBytes == kSealOverhead);

LengthPrefixed associated_data(const SealContext& context) {
  LengthPrefixed out;
  out.add(context.installation.view())
      .add(context.kind)
      .add(context.record.view())
      .add(context.field)
      .add(context.destination)
      .add(context.epoch);
  return out;
}

Result<void> check_shape(ByteView sealed) {
  if (sealed.size() < kSealOverhead) return malformed(Side::kStorage, "sealed value is too short");
  if (sealed.size() > kSealOverhead + kSealedPlainBytesMax)
    return malformed(Side::kStorage, "sealed value is too long");
  if (sealed[0] != kVersion) return malformed(Side::kStorage, "sealed value has a foreign version");
  return {};
}

}  // namespace

Result<Bytes> seal(uint32_t key_id, ByteView key, const SealContext& context, ByteView plain) {
  if (plain.size() > kSealedPlainBytesMax) return fail(Code::kLimit, Side::kSelf, "secret value is too long");
  Bytes out(kSealOverhead + plain.size());
  out[0] = kVersion;
  for (size_t i = 0; i < 4; ++i) out[kKeyIdAt + i] = static_cast<std::byte>(key_id >> (24 - 8 * i) & 0xff);
  const std::span<std::byte> iv = std::span(out).subspan(kIvAt, kGcmIvBytes);
  fill_random(iv);
  CHECKED(gcm_encrypt(key, iv, associated_data(context).bytes(), plain, std::span(out).subspan(kTextAt)));
  return out;
}

Result<SecretBytes> unseal(ByteView key, const SealContext& context, ByteView sealed) {
  CHECKED(check_shape(sealed));
  TRY(SecretBytes out, SecretBytes::of_size(sealed.size() - kSealOverhead));
  CHECKED(gcm_decrypt(key, sealed.subspan(kIvAt, kGcmIvBytes), associated_data(context).bytes(),
                      sealed.subspan(kTextAt), out.span()));
  return out;
}

Result<uint32_t> sealed_key_id(ByteView sealed) {
  CHECKED(check_shape(sealed));
  uint32_t id = 0;
  for (size_t i = 0; i < 4; ++i) id = id << 8 | static_cast<uint32_t>(sealed[kKeyIdAt + i]);
  return id;
}

Result<SecretBytes> derive_key(ByteView master, ByteView salt, std::string_view purpose) {
  return hkdf_sha256(master, salt, as_bytes("sallyport/v1/" + std::string(purpose)), kAesKeyBytes);
}

}  // namespace sallyport::storage
