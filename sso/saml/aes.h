// AES as XML Encryption 1.1 s5.2 lays it out: the initialization vector in front; GCM with its tag behind, CBC padded
// so that the last byte tells how many are too many.
#pragma once

#include <string>

#include "base/bytes.h"
#include "sso/saml/algorithms.h"

namespace sallyport::sso::saml {

// key: of cipher.key_bytes bytes.   errors: kDenied, whatever is wrong.
Result<std::string> aes_decrypt(const CipherAlgorithm& cipher, ByteView key, ByteView bytes);

}  // namespace sallyport::sso::saml
