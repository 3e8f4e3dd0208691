// What phones read of it is shown with Chromium in tests/scenario/test_factors_browser.py.
#include "sso/qr.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::sso {
namespace {

SecretBytes secret(std::string_view text) { return *SecretBytes::copy_of(text); }

TEST(Qr, is_a_drawing_with_a_name_a_quiet_zone_and_no_script) {
  const std::string svg = (*qr_svg(secret("otpauth://totp/gate:ann?secret=GEZDGNBV"), "QR code")).take();
  EXPECT_TRUE(svg.starts_with("<svg class=\"qr\" role=\"img\" aria-label=\"QR code\" viewBox=\"0 0 37 37\""))
      << svg.substr(0, 100);  // version 3: 29 modules and 2 * 4
  EXPECT_TRUE(svg.contains("M0 0h37v37H0z"));
  EXPECT_TRUE(svg.contains("M4 4h7v1H4z"));  // the finder in the corner
  EXPECT_TRUE(svg.ends_with("</svg>"));
  for (const char* none : {"<script", "style=", "href", "otpauth"}) EXPECT_FALSE(svg.contains(none)) << none;
}

TEST(Qr, grows_with_its_text_and_has_an_end) {
  const std::string small = (*qr_svg(secret("a"), "QR code")).take();
  const std::string large = (*qr_svg(secret(std::string(512, 'a')), "QR code")).take();
  EXPECT_LT(small.size(), large.size());
  EXPECT_EQ(qr_svg(secret(std::string(513, 'a')), "QR code").error().code, Code::kLimit);
  EXPECT_FALSE(qr_svg(SecretBytes(), "QR code").has_value());
}

}  // namespace
}  // namespace sallyport::sso
