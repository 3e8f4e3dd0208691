#include "proxy/tls/file_trouble.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cstring>

namespace sallyport::proxy {
namespace {

struct Words {
  int library;
  int reason;
  const char* words;
};
constexpr Words kWords[] = {
    {ERR_LIB_SSL, SSL_R_EE_KEY_TOO_SMALL, "its key is too weak: RSA takes 2048 bits or more"},
    {ERR_LIB_SSL, SSL_R_CA_KEY_TOO_SMALL, "an authority in it has a key that is too weak: RSA takes 2048 bits or more"},
    {ERR_LIB_SSL, SSL_R_CA_MD_TOO_WEAK, "it is signed with a digest that is too weak, such as SHA-1"},
    {ERR_LIB_PEM, PEM_R_NO_START_LINE, "it holds none in PEM form (-----BEGIN ...)"},
    {ERR_LIB_PEM, PEM_R_BAD_BASE64_DECODE, "the base64 in it is damaged"},
    {ERR_LIB_PEM, PEM_R_BAD_END_LINE, "its end is missing or damaged (-----END ...)"},
};

}  // namespace

std::string words_of_tls_trouble() {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_REASON(error);
  if (ERR_SYSTEM_ERROR(error)) return std::strerror(reason);
  for (const Words& known : kWords)
    if (known.library == ERR_GET_LIB(error) && known.reason == reason) return known.words;
  const char* const told = ERR_reason_error_string(error);
  return std::string("OpenSSL says \"") + (told == nullptr ? "unknown" : told) + '"';
}

}  // namespace sallyport::proxy
