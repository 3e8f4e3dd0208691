// libxml2 and xmlsec1, made ready once for the process: no network, no files, no entities from outside, the OpenSSL
// back end linked in rather than loaded, nothing printed. Any thread.
#pragma once

#include <cstdint>

namespace sallyport::sso::saml {

// Whoever touches either library calls this first; after the first call it costs a load. Without a working library
// there is no honest way on: it ends the process.
void use_xml_library();

// How often a library asked for something outside the document and was refused. Zero, as long as what stands in front
// of the libraries holds.
uint64_t refused_openings();

}  // namespace sallyport::sso::saml
