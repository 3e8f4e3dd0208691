#include "sso/passkey_pages.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/digest.h"
#include "embedded/sso_assets.h"
#include "sso/page_frame.h"
#include "sso/replies.h"

namespace sallyport::sso {
namespace {

std::string_view find_script() {
  for (const EmbeddedFile& file : sso_assets())
    if (file.name == "webauthn.js") return file.bytes;
  return {};
}

Html script_tag() {
  Html out;
  out << "<script type=\"module\" src=\"" << text(passkey_script_url()) << "\"></script>\n";
  return out;
}

// Shown until the script takes it away, or says more.
Html without(Markup words) {
  Html out;
  out << "<p class=\"hint\" data-without>" << words << "</p>\n";
  return out;
}

}  // namespace

Html passkey_sign_in(std::string_view flow) {
  Html out;
  out << "<div class=\"passkey\" data-passkey=\"sign-in\" data-flow=\"" << text(flow) << "\">\n"
      << "<p class=\"or\" aria-hidden=\"true\" hidden>or</p>\n"
      << "<button type=\"button\" class=\"plain wide\" hidden>Sign in with a passkey</button>\n"
      << without("A passkey needs JavaScript; a password does not.") << "</div>\n"
      << script_tag();
  return out;
}

Html passkey_as_factor(std::string_view flow, std::string_view then) {
  Html out;
  out << "<div class=\"passkey\" data-passkey=\"factor\" data-flow=\"" << text(flow) << "\" data-then=\"" << text(then)
      << "\">\n<button type=\"button\" class=\"wide\" hidden>Use your passkey</button>\n"
      << without("Your passkey needs JavaScript. Without it, take another way.") << "</div>\n"
      << script_tag();
  return out;
}

Html passkey_form(std::string_view csrf, std::string_view flow) {
  Html out;
  out << "<form class=\"stacked passkey\" method=\"post\" action=\"" << text(kAddPasskeyPath)
      << "\" data-passkey=\"add\">\n"
      << hidden_field("csrf", csrf) << hidden_field("flow", flow) << hidden_field("credential", "")
      << "<label for=\"passkey-name\">Name of the passkey <span class=\"quiet\">(optional)</span></label>\n"
      << "<input id=\"passkey-name\" name=\"name\" type=\"text\" autocomplete=\"off\" maxlength=\"60\" "
      << "aria-describedby=\"passkey-hint\">\n"
      << "<p class=\"hint\" id=\"passkey-hint\">For a fingerprint, a face, a PIN of this device, or a security "
         "key.</p>\n"
      << "<button type=\"submit\" class=\"plain\" hidden>Add a passkey</button>\n"
      << without("Adding a passkey needs JavaScript; an authenticator app does not.") << "</form>\n"
      << script_tag();
  return out;
}

std::string_view passkey_script() {
  static const std::string_view bytes = find_script();
  return bytes;
}

const std::string& passkey_script_url() {
  static const std::string url =
      std::string(kPasskeyScriptPath) + "?v=" + hex_encode(sha256(as_bytes(passkey_script()))).substr(0, 16);
  return url;
}

GateReply passkey_script_reply() {
  GateReply out;
  out.headers = {{"Content-Type", "text/javascript; charset=utf-8"},
                 {"Cache-Control", "public, max-age=31536000, immutable"},
                 {"X-Content-Type-Options", "nosniff"},
                 {"Cross-Origin-Resource-Policy", "same-origin"}};
  out.body = passkey_script();
  out.reason = "script";
  return out;
}

void allow_passkey_script(GateReply& page) {
  for (auto& [name, value] : page.headers)
    if (name == "Content-Security-Policy") value += "; script-src 'self'; connect-src 'self'";
}

}  // namespace sallyport::sso
