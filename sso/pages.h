// The gate's pages: plain values in, HTML out. They work without JavaScript, on a phone and in the dark; nothing on
// them comes from anywhere else (see page_headers() in sso/gate.h for the policy that says so to the browser).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sso/gate.h"
#include "sso/html.h"

namespace sallyport::sso {

constexpr std::string_view kLoginPath = "/.sallyport/login";
constexpr std::string_view kCertificatePath = "/.sallyport/certificate";
constexpr std::string_view kMfaPath = "/.sallyport/mfa";
constexpr std::string_view kLogoutPath = "/.sallyport/logout";
constexpr std::string_view kAccountPath = "/.sallyport/account";
constexpr std::string_view kFactorsPath = "/.sallyport/account/factors";
constexpr std::string_view kEndSessionPath = "/.sallyport/account/end-session";
constexpr std::string_view kEndOthersPath = "/.sallyport/account/end-others";
constexpr std::string_view kPasswordPath = "/.sallyport/account/password";
constexpr std::string_view kResetPath = "/.sallyport/reset";
constexpr std::string_view kCallbackPath = "/.sallyport/callback";
constexpr std::string_view kJwksPath = "/.sallyport/jwks";
constexpr std::string_view kStylePath = "/.sallyport/style.css";

struct ProviderLink {
  std::string label;
  std::string url;
};

struct SignInPage {
  std::string csrf;
  std::string flow;                          // the handle; empty: none
  std::string destination;                   // the host one goes on to; empty: the gate itself
  std::string user;                          // what was typed before
  std::string_view alert;                    // why the last attempt failed; empty: none
  std::string_view then{};                   // where it goes on to on the gate, by our own word; a literal, empty: home
  bool by_certificate = false;               // the browser has shown a certificate that is somebody's here
  std::vector<ProviderLink> providers = {};  // where one can sign in instead
  Html passkey = {};                         // the way with a passkey, where there is one (sso/passkey_pages.h)
};
std::string sign_in_page(const SignInPage& page);

enum class PlaceKind : uint8_t { kTool, kApi };
struct PlaceLink {
  std::string name;
  PlaceKind kind = PlaceKind::kTool;
  std::string url;
  std::string address;  // the url as it is shown
  std::string team;
  std::string role;
};
struct HomePage {
  std::string csrf;  // for the sign-out button
  std::string user;
  std::vector<PlaceLink> places;
};
std::string home_page(const HomePage& page);

// "Sign out of everything here?" with a button. GET alone never signs anybody out.
std::string sign_out_page(std::string_view csrf, std::string_view user);
// "You are signed out", with the way back in.
std::string signed_out_page(std::string_view sign_in_url);
// Sends the browser on by itself, and has a link for the case that it does not. A page of its own instead of a
// redirect: browsers hold form-action against every redirect that follows a form post, and so against where a tool
// sends people.
std::string onward_page(std::string_view url, std::string_view host);

// The same for who signs in at a provider.
std::string to_provider_page(std::string_view url, std::string_view label);
// The same after a sign-out here, to where one is signed out as well.
std::string signed_out_onward_page(std::string_view url);

// The style sheet, its address (with a hash of its content, so that it may be kept for ever) and its headers.
std::string_view style_sheet();
const std::string& style_url();

// page_headers() for a page whose form leads to other origins than its own ("https://host:port").
std::vector<std::pair<std::string, std::string>> page_headers_for_form(const std::vector<std::string>& origins);

}  // namespace sallyport::sso
