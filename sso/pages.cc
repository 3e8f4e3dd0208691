#include "sso/pages.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/digest.h"
#include "embedded/sso_assets.h"
#include "sso/page_frame.h"
#include "sso/page_parts.h"

namespace sallyport::sso {
namespace {

std::string_view find_style_sheet() {
  for (const EmbeddedFile& file : sso_assets())
    if (file.name == "style.css") return file.bytes;
  return {};
}

// The style sheet inside a page: the only text that is neither literal nor escaped, and it comes out of the binary.
void append_style(std::string& page) {
  const std::string_view mark = "<!--style-->";
  const size_t at = page.find(mark);
  if (at != page.npos) page.replace(at, mark.size(), "<style>" + std::string(style_sheet()) + "</style>");
}

Html place_list(Markup title, const std::vector<PlaceLink>& places, PlaceKind kind) {
  Html out;
  for (const PlaceLink& place : places) {
    if (place.kind != kind) continue;
    if (out.empty()) out << "<h2>" << title << "</h2>\n<ul class=\"places\">\n";
    out << "<li><a href=\"" << text(place.url) << "\"><span class=\"place\">" << text(place.name)
        << "</span><span class=\"facts\">team " << text(place.team) << ", you are " << text(place.role)
        << "</span><span class=\"facts\">" << text(place.address) << "</span></a></li>\n";
  }
  if (!out.empty()) out << "</ul>\n";
  return out;
}

// Messages are literals in the words of errors: "no such host" -> "No such host."
std::string as_sentence(std::string_view message) {
  std::string out(message);
  if (out.empty()) return out;
  if (out.front() >= 'a' && out.front() <= 'z') out.front() = static_cast<char>(out.front() - 'a' + 'A');
  if (!out.ends_with('.') && !out.ends_with('?') && !out.ends_with('!')) out += '.';
  return out;
}

// A button of its own: nobody is signed in by the mere fact that a browser holds a certificate.
Html certificate_form(const SignInPage& page) {
  Html out;
  if (!page.by_certificate) return out;
  out << "<form class=\"stacked\" method=\"post\" action=\"" << text(kCertificatePath) << "\">\n"
      << hidden_field("csrf", page.csrf);
  if (!page.flow.empty()) out << hidden_field("flow", page.flow);
  out << "<button type=\"submit\" class=\"plain\">Sign in with your certificate</button>\n</form>\n";
  return out;
}

std::string policy_text(const std::vector<std::string>& form_origins) {
  std::string out = "default-src 'none'; style-src 'self' 'sha256-" + base64_encode(sha256(as_bytes(style_sheet()))) +
                    "'; img-src 'self' data:; form-action 'self'";
  for (const std::string& origin : form_origins) out += " " + origin;
  return out + "; base-uri 'none'; frame-ancestors 'none'";
}

}  // namespace

std::string_view style_sheet() {
  static const std::string_view bytes = find_style_sheet();
  return bytes;
}

const std::string& style_url() {
  static const std::string url =
      std::string(kStylePath) + "?v=" + hex_encode(sha256(as_bytes(style_sheet()))).substr(0, 16);
  return url;
}

std::vector<std::pair<std::string, std::string>> page_headers_for_form(const std::vector<std::string>& origins) {
  // Referrer-Policy is same-origin and not no-referrer: under the latter browsers send "Origin: null" with our own
  // forms.
  return {{"Content-Security-Policy", policy_text(origins)},
          {"Cache-Control", "no-store"},
          {"X-Content-Type-Options", "nosniff"},
          {"X-Frame-Options", "DENY"},
          {"Referrer-Policy", "same-origin"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cross-Origin-Resource-Policy", "same-origin"}};
}

const std::vector<std::pair<std::string, std::string>>& page_headers() {
  static const std::vector<std::pair<std::string, std::string>> headers = page_headers_for_form({});
  return headers;
}

namespace {

Html provider_links(const SignInPage& page) {
  Html out;
  if (page.providers.empty()) return out;
  out << "<nav class=\"elsewhere\" aria-label=\"Other ways to sign in\">\n<p class=\"or\" "
         "aria-hidden=\"true\">or</p>\n";
  for (const ProviderLink& link : page.providers)
    out << "<a class=\"button plain\" href=\"" << text(link.url) << "\">Sign in with " << text(link.label) << "</a>\n";
  out << "</nav>\n";
  return out;
}

}  // namespace

std::string sign_in_page(const SignInPage& page) {
  Html out = page_head(text("Sign in"), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>Sign in</h1>\n";
  if (!page.destination.empty())
    out << "<p class=\"quiet\">to continue to <strong>" << text(page.destination) << "</strong></p>\n";
  out << "<div role=\"alert\" aria-live=\"assertive\" id=\"problem\">";
  if (!page.alert.empty()) out << "<p class=\"alert\">" << text(page.alert) << "</p>";
  out << "</div>\n<form class=\"stacked\" method=\"post\" action=\"" << text(kLoginPath) << "\">\n"
      << "<input type=\"hidden\" name=\"csrf\" value=\"" << text(page.csrf) << "\">\n";
  if (!page.flow.empty()) out << "<input type=\"hidden\" name=\"flow\" value=\"" << text(page.flow) << "\">\n";
  if (!page.then.empty()) out << hidden_field("then", page.then);
  out << "<label for=\"user\">User name or e-mail</label>\n"
      << "<input id=\"user\" name=\"user\" type=\"text\" autocomplete=\"";
  out << (page.passkey.empty() ? Markup("username") : Markup("username webauthn")) << "\" autocapitalize=\"none\" "
      << "autocorrect=\"off\" spellcheck=\"false\" required maxlength=\"320\" value=\"" << text(page.user) << "\"";
  if (page.user.empty()) out << " autofocus";
  if (!page.alert.empty()) out << " aria-describedby=\"problem\"";
  out << ">\n<label for=\"password\">Password</label>\n"
      << "<input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\"";
  // Where an address may lead to a provider, it is enough by itself.
  if (page.providers.empty()) out << " required";
  if (!page.user.empty()) out << " autofocus";
  if (!page.alert.empty()) out << " aria-describedby=\"problem\"";
  out << ">\n<button type=\"submit\">Sign in</button>\n</form>\n"
      << provider_links(page) << page.passkey << certificate_form(page) << "</div>\n</main>\n"
      << "<footer>Check that the address bar shows the name of your gateway before you type a password.</footer>\n";
  return finish_page(std::move(out));
}

std::string home_page(const HomePage& page) {
  Html out = page_head(text("Home"), Width::kWide, Style::kLinked);
  out << "<header>" << linked_wordmark() << "<nav aria-label=\"You\"><a href=\"" << text(kAccountPath)
      << "\">Account</a>" << sign_out_button(page.csrf, true) << "</nav></header>\n<main>\n";
  out << "<h1>Your places</h1>\n";
  if (page.places.empty()) {
    out << "<p class=\"quiet\">You are signed in as <strong>" << text(page.user)
        << "</strong>. Nothing has been opened to you yet. The owner of a team can give you a role in "
           "it.</p>\n";
  } else {
    out << "<p class=\"quiet\">What you may open as <strong>" << text(page.user) << "</strong>.</p>\n"
        << place_list("Tools", page.places, PlaceKind::kTool) << place_list("APIs", page.places, PlaceKind::kApi);
  }
  out << "</main>\n<footer></footer>\n";
  return finish_page(std::move(out));
}

std::string sign_out_page(std::string_view csrf, std::string_view user) {
  Html out = page_head(text("Sign out"), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>Sign out?</h1>\n"
      << "<p>You are signed in as <strong>" << text(user)
      << "</strong>. Signing out ends this sign-in on the gateway and on every place behind it.</p>\n"
      << sign_out_button(csrf, false) << "\n</div>\n</main>\n<footer></footer>\n";
  return finish_page(std::move(out));
}

std::string signed_out_page(std::string_view sign_in_url) {
  Html out = page_head(text("Signed out"), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>You are signed out</h1>\n"
      << "<p>This browser is signed in neither on the gateway nor on any place behind it.</p>\n<p class=\"actions\"><a "
         "class=\"button\" href=\""
      << text(sign_in_url) << "\">Sign in again</a></p>\n</div>\n</main>\n<footer></footer>\n";
  return finish_page(std::move(out));
}

namespace {

std::string leading_page(Markup title, Markup heading, std::string_view url, std::string_view where) {
  Html refresh;
  refresh << "<meta http-equiv=\"refresh\" content=\"0; url=" << text(url) << "\">\n";
  Html out = page_head(text(title.bytes), Width::kNarrow, Style::kLinked, refresh);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>" << heading << "</h1>\n"
      << "<p>Going on to <a href=\"" << text(url) << "\">" << text(where)
      << "</a>.</p>\n</div>\n</main>\n<footer></footer>\n";
  return finish_page(std::move(out));
}

}  // namespace

std::string onward_page(std::string_view url, std::string_view host) {
  return leading_page("Signed in", "You are signed in", url, host);
}

std::string to_provider_page(std::string_view url, std::string_view label) {
  return leading_page("Sign in", "You sign in elsewhere", url, label);
}

std::string signed_out_onward_page(std::string_view url) {
  return leading_page("Signed out", "You are signed out here", url, "the place where you signed in");
}

namespace {

// No form: a host behind the gateway has none of ours, and each of these pages asks before it does anything.
Html ways_on(const ErrorPage& page) {
  Html out;
  if (page.user.empty()) return out;
  const auto link = [&](std::string_view path, Markup kind, Markup words) {
    out << "<a class=\"button" << kind << "\" href=\"" << text(page.gate) << text(path) << "\">" << words << "</a>\n";
  };
  out << "<p>You are signed in as <strong>" << text(page.user) << "</strong>.</p>\n<p class=\"actions\">\n";
  link("/", "", "Your places");
  link(kAccountPath, " plain", "Account");
  link(kLogoutPath, " plain", "Sign out");
  out << "</p>\n";
  return out;
}

}  // namespace

std::string error_page(const ErrorPage& page) {
  Html out = page_head(text(page.title), Width::kNarrow, Style::kInline);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>" << text(page.title) << "</h1>\n<p>"
      << text(as_sentence(page.message));
  if (page.wait.count() > 0) out << " Try again in " << text(wait_text(page.wait)) << ".";
  out << "</p>\n" << ways_on(page) << "<p class=\"quiet reference\">Error " << page.status;
  if (!page.request_id.empty()) out << ", reference " << text(page.request_id);
  out << "</p>\n</div>\n</main>\n<footer></footer>\n";
  std::string html = finish_page(std::move(out));
  append_style(html);
  return html;
}

}  // namespace sallyport::sso
