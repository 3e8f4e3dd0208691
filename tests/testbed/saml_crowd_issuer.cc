// The XML, the key and the signature of saml_crowd.h.
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <zlib.h>

#include <cstdlib>
#include <ctime>

#include "saml_crowd.h"

namespace {

constexpr char kEntityId[] = "https://idp.example.test/metadata";

std::string decoded(const std::string& text) {
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  return size < 0 ? "" : out;
}

std::string inflated(const std::string& bytes) {
  char out[16384];
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out);
  stream.avail_out = sizeof out;
  if (inflateInit2(&stream, -15) != Z_OK) return "";
  (void)inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  return std::string(out, stream.total_out);
}

std::string moment(int seconds_from_now) {
  const time_t at = time(nullptr) + seconds_from_now;
  tm parts{};
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &parts));
  return text;
}

std::string hash(const std::string& text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), out, &size, EVP_sha256(), nullptr);
  return base64(std::string(reinterpret_cast<char*>(out), size));
}

std::string signature_value(EVP_PKEY* key, const std::string& text) {
  unsigned char out[512];
  size_t size = sizeof out;
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  if (EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context, out, &size, reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1)
    std::abort();
  EVP_MD_CTX_free(context);
  return base64(std::string(reinterpret_cast<char*>(out), size));
}

std::string attribute(const std::string& name, const std::string& value) {
  return "<saml:Attribute Name=\"" + name + "\"><saml:AttributeValue>" + value +
         "</saml:AttributeValue></saml:Attribute>";
}

}  // namespace

std::string base64(const std::string& bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  out.resize(static_cast<size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                 reinterpret_cast<const unsigned char*>(bytes.data()),
                                                 static_cast<int>(bytes.size()))));
  return out;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char each : text) {
    if (isalnum(static_cast<unsigned char>(each)) || each == '-' || each == '_' || each == '.')
      out += each;
    else {
      char code[4];
      snprintf(code, sizeof code, "%%%02X", static_cast<unsigned char>(each));
      out += code;
    }
  }
  return out;
}

std::string parameter(const std::string& url, const std::string& name) {
  size_t at = url.find("?" + name + "=");
  if (at == url.npos) at = url.find("&" + name + "=");
  if (at == url.npos) return "";
  std::string out;
  for (at += name.size() + 2; at < url.size() && url[at] != '&'; ++at) {
    if (url[at] != '%') {
      out += url[at];
      continue;
    }
    out += static_cast<char>(std::stoi(url.substr(at + 1, 2), nullptr, 16));
    at += 2;
  }
  return out;
}

std::string request_id(const std::string& url) {
  const std::string xml = inflated(decoded(parameter(url, "SAMLRequest")));
  const size_t at = xml.find(" ID=\"");
  return at == xml.npos ? "" : xml.substr(at + 5, xml.find('"', at + 5) - at - 5);
}

Issuer::Issuer() : key_(EVP_RSA_gen(2048)) {
  X509* const certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 90 * 86400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("crowd"), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_set_pubkey(certificate, key_);
  X509_sign(certificate, key_, EVP_sha256());
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  certificate_ = base64(std::string(reinterpret_cast<char*>(der), static_cast<size_t>(size)));
  OPENSSL_free(der);
  X509_free(certificate);
}

std::string Issuer::metadata() const {
  return std::string("<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"") + kEntityId +
         "\"><md:IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">"
         "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data>"
         "<ds:X509Certificate>" +
         certificate_ +
         "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService "
         "Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example.test/sso\"/>"
         "</md:IDPSSODescriptor></md:EntityDescriptor>\n";
}

std::string Issuer::response(const Story& story) const {
  const std::string now = moment(0), until = moment(300),
                    issuer = std::string("<saml:Issuer>") + kEntityId + "</saml:Issuer>";
  const std::string id = "_assertion-" + story.number + "-" + story.in_response_to;
  const std::string head = "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"" + id +
                           "\" IssueInstant=\"" + now + "\" Version=\"2.0\">" + issuer;
  const std::string rest =
      "<saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">subject-of-" +
      story.user +
      "</saml:NameID><saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">"
      "<saml:SubjectConfirmationData InResponseTo=\"" +
      story.in_response_to + "\" NotOnOrAfter=\"" + until + "\" Recipient=\"" + story.recipient +
      "\"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"" +
      moment(-30) + "\" NotOnOrAfter=\"" + until + "\"><saml:AudienceRestriction><saml:Audience>" + story.audience +
      "</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant=\"" + now +
      "\" SessionIndex=\"_session-" + story.number +
      "\"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:"
      "PasswordProtectedTransport"
      "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>" +
      attribute("mail", story.user + "@corp.test") + attribute("uid", story.user) +
      "</saml:AttributeStatement></saml:Assertion>";
  const std::string info_rest =
      "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod>"
      "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod>"
      "<ds:Reference URI=\"#" +
      id +
      "\"><ds:Transforms><ds:Transform "
      "Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>"
      "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform></ds:Transforms>"
      "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>" +
      hash(head + rest) + "</ds:DigestValue></ds:Reference></ds:SignedInfo>";
  const std::string name_space = " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
  const std::string signature = "<ds:Signature" + name_space + "><ds:SignedInfo>" + info_rest + "<ds:SignatureValue>" +
                                signature_value(key_, "<ds:SignedInfo" + name_space + ">" + info_rest) +
                                "</ds:SignatureValue></ds:Signature>";
  return "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" "
         "xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_response-" +
         story.number + "\" Version=\"2.0\" IssueInstant=\"" + now + "\" InResponseTo=\"" + story.in_response_to +
         "\" Destination=\"" + story.recipient + "\">" + issuer +
         "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"></samlp:StatusCode>"
         "</samlp:Status>" +
         head + signature + rest + "</samlp:Response>";
}
