// What saml_crowd.cc says as an identity provider. The XML is canonical (exclusive C14N) as it is written here, so that
// a hash of the text is one of the element.
#pragma once

#include <openssl/evp.h>

#include <string>

std::string base64(const std::string& bytes);
std::string escaped(const std::string& text);                            // for a form
std::string parameter(const std::string& url, const std::string& name);  // of its query; "": not there
std::string request_id(const std::string& url);  // of the SAMLRequest in its query (Bindings s3.4.4); "": not there

struct Story {
  std::string user, in_response_to, recipient, audience;
  std::string number;  // makes the ids
};

class Issuer {
 public:
  Issuer();
  std::string metadata() const;
  std::string response(const Story& story) const;  // its assertion is signed, RSA-2048 and SHA-256

 private:
  EVP_PKEY* const key_;
  std::string certificate_;  // base64
};
