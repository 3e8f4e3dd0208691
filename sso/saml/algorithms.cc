#include "sso/saml/algorithms.h"

#include <array>

namespace sallyport::sso::saml {
namespace {

constexpr std::array<SignatureAlgorithm, 6> kSignatures{{
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", KeyKind::kRsa, Digest::kSha256},
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", KeyKind::kRsa, Digest::kSha384},
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", KeyKind::kRsa, Digest::kSha512},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", KeyKind::kEc, Digest::kSha256},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", KeyKind::kEc, Digest::kSha384},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", KeyKind::kEc, Digest::kSha512},
}};

constexpr std::array<DigestAlgorithm, 3> kDigests{{
    {"http://www.w3.org/2001/04/xmlenc#sha256", Digest::kSha256},
    {"http://www.w3.org/2001/04/xmldsig-more#sha384", Digest::kSha384},
    {"http://www.w3.org/2001/04/xmlenc#sha512", Digest::kSha512},
}};

constexpr std::array<CipherAlgorithm, 6> kCiphers{{
    {"http://www.w3.org/2009/xmlenc11#aes128-gcm", CipherMode::kGcm, 16},
    {"http://www.w3.org/2009/xmlenc11#aes192-gcm", CipherMode::kGcm, 24},
    {"http://www.w3.org/2009/xmlenc11#aes256-gcm", CipherMode::kGcm, 32},
    {"http://www.w3.org/2001/04/xmlenc#aes128-cbc", CipherMode::kCbc, 16},
    {"http://www.w3.org/2001/04/xmlenc#aes192-cbc", CipherMode::kCbc, 24},
    {"http://www.w3.org/2001/04/xmlenc#aes256-cbc", CipherMode::kCbc, 32},
}};

template <class Table>
auto find(const Table& table, std::string_view uri) -> const typename Table::value_type* {
  for (const auto& row : table)
    if (row.uri == uri) return &row;
  return nullptr;
}

}  // namespace

const SignatureAlgorithm* find_signature_algorithm(std::string_view uri) { return find(kSignatures, uri); }
const SignatureAlgorithm& signature_algorithm_for(KeyKind key) { return kSignatures[key == KeyKind::kRsa ? 0 : 3]; }
const DigestAlgorithm* find_digest_algorithm(std::string_view uri) { return find(kDigests, uri); }
const CipherAlgorithm* find_cipher_algorithm(std::string_view uri) { return find(kCiphers, uri); }

}  // namespace sallyport::sso::saml
