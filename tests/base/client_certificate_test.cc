// The one form of a certificate's names, and when a certificate is over.
#include "base/client_certificate.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using enum CertificateNameKind;

TEST(ClientCertificate, names_have_one_form) {
  const struct {
    CertificateNameKind kind;
    std::string_view text;
    std::string_view wanted;
  } rows[] = {
      {kDns, "press.example.test", "press.example.test"},
      {kDns, "Press.EXAMPLE.test", "press.example.test"},
      {kEmail, "ann@example.test", "ann@example.test"},
      {kEmail, "Ann@Example.TEST", "Ann@example.test"},
      {kUri, "spiffe://example.test/Press", "spiffe://example.test/Press"},
      {kUri, "URN:uuid:1,2", "URN:uuid:1,2"},
  };
  for (const auto& row : rows) EXPECT_EQ(canonical_certificate_name(row.kind, row.text), row.wanted) << row.text;
}

TEST(ClientCertificate, what_cannot_be_compared_is_no_name) {
  const std::pair<CertificateNameKind, std::string_view> rows[] = {
      {kDns, ""},
      {kDns, "*.example.test"},
      {kDns, std::string_view("press.example.test\0.evil.test", 29)},
      {kDns, "press.example.test "},
      {kDns, "press example.test"},
      {kDns, "pr\xc3\xa9sse.example.test"},
      {kDns, "ann@example.test"},
      {kEmail, "example.test"},
      {kEmail, "@example.test"},
      {kEmail, "ann@"},
      {kEmail, "ann@evil.test@example.test"},
      {kEmail, "ann@example.test\r\nX: y"},
      {kEmail, std::string_view("ann@example.test\0", 17)},
      {kEmail, "\xc3\xa9@example.test"},
      {kUri, ""},
      {kUri, "spiffe://example.test/a b"},
      {kUri, "spiffe://example.test/a\x7f"},
      {kUri, std::string_view("a\0b", 3)},
  };
  for (const auto& [kind, text] : rows) EXPECT_EQ(canonical_certificate_name(kind, text), "") << text;
}

TEST(ClientCertificate, is_over_at_its_last_moment) {
  ClientCertificate certificate;
  certificate.not_after = WallMicros{5'000'000};
  EXPECT_FALSE(certificate.over(WallMicros{4'999'999}));
  EXPECT_TRUE(certificate.over(WallMicros{5'000'000}));
  EXPECT_TRUE(certificate.over(WallMicros{5'000'001}));
}

}  // namespace
}  // namespace sallyport
