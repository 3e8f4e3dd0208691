#include "sso/saml/xml_library.h"

#include <libxml/parser.h>
#include <libxml/xmlIO.h>
#include <libxml/xmlerror.h>
#include <xmlsec/xmlsec.h>
// above the others of its library
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/openssl/crypto.h>

#include <atomic>
#include <cstdlib>

namespace sallyport::sso::saml {
namespace {

std::atomic<uint64_t> refused{0};

xmlParserInputPtr refuse_entity(const char*, const char*, xmlParserCtxtPtr) {
  ++refused;
  return nullptr;
}

// xmlsec1 asks its callbacks one after the other who will open an address: this one takes all, and opens none.
int take_every_address(const char*) { return 1; }
void* open_nothing(const char*) {
  ++refused;
  return nullptr;
}
int read_nothing(void*, char*, int) { return -1; }
int close_nothing(void*) { return 0; }

void say_nothing(void*, const char*, ...) {}  // NOLINT(cert-dcl50-cpp): libxml2's shape of a callback
void note_nothing(void*, xmlErrorPtr) {}
void tell_nothing(const char*, int, const char*, const char*, const char*, int, const char*) {}

bool make_ready() {
  xmlInitParser();
  xmlThrDefSetGenericErrorFunc(nullptr, say_nothing);  // for threads to come, and for this one
  xmlThrDefSetStructuredErrorFunc(nullptr, note_nothing);
  xmlSetGenericErrorFunc(nullptr, say_nothing);
  xmlSetStructuredErrorFunc(nullptr, note_nothing);
  xmlSecErrorsSetCallback(tell_nothing);
  if (xmlSecInit() != 0 || xmlSecCheckVersion() != 1 || xmlSecOpenSSLInit() != 0) return false;
  xmlSecIOCleanupCallbacks();
  xmlSetExternalEntityLoader(refuse_entity);  // after xmlSecInit(), which has one of its own
  return xmlSecIORegisterCallbacks(take_every_address, open_nothing, read_nothing, close_nothing) == 0;
}

}  // namespace

void use_xml_library() {
  static const bool ready = make_ready();
  if (!ready) std::abort();
}

uint64_t refused_openings() { return refused; }

}  // namespace sallyport::sso::saml
