// Whatever bytes stand in the store as a sealed value, reading them gives an error or, once in a lifetime, a value; and
// what was sealed and then changed anywhere does not open.
#include <cstdint>
#include <cstdlib>

#include "storage/aes_gcm.h"
#include "storage/seal.h"
#include "storage/token_scope.h"

using namespace sallyport;
using namespace sallyport::storage;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  static const Bytes key(kAesKeyBytes, std::byte{0x42});
  SealContext context{.installation = {},
                      .kind = "datasource",
                      .record = {},
                      .field = "secrets.a",
                      .destination = "https://a.test:443",
                      .epoch = 1};

  // Foreign bytes.
  (void)sealed_key_id(input);
  if (unseal(key, context, input)) std::abort();

  // Sealed here; the input says what is changed, byte by byte: first the plain length, then pairs of place and
  // difference.
  if (size < 3) return 0;
  const Bytes plain(data[0], std::byte{0x55});
  const Bytes sealed = seal(7, key, context, plain).value();
  Bytes changed = sealed;
  for (size_t i = 1; i + 1 < size; i += 2) changed[data[i] % changed.size()] ^= static_cast<std::byte>(data[i + 1]);
  // The key id is not sealed: it chooses the key, and another key opens nothing.
  for (size_t i = 1; i < 5; ++i) changed[i] = sealed[i];
  const auto opened = unseal(key, context, changed);
  if (opened.has_value() != (changed == sealed)) std::abort();
  if (opened && !constant_time_equal(opened->view(), plain)) std::abort();

  // A context made of the input is another one.
  context.field = std::string(as_text(input));
  if (context.field != "secrets.a" && unseal(key, context, sealed)) std::abort();

  // The scope of a token comes from the same file: what reads is written back as it was read.
  const auto scope = read_token_scope(as_text(input));
  if (scope && !read_token_scope(write_token_scope(*scope))) std::abort();
  return 0;
}
