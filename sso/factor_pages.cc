#include "sso/factor_pages.h"

#include "sso/page_frame.h"
#include "sso/page_parts.h"
#include "sso/pages.h"

namespace sallyport::sso {
namespace {

constexpr size_t kSecretGroup = 4;

// What went wrong, beside the field that it is about: read out at once, and named by the field.
Html problem(std::string_view alert) {
  Html out;
  out << "<div role=\"alert\" aria-live=\"assertive\" id=\"problem\">";
  if (!alert.empty()) out << "<p class=\"alert\">" << text(alert) << "</p>";
  out << "</div>\n";
  return out;
}

Html described(std::string_view alert, Markup also) {
  Html out;
  out << " aria-describedby=\"" << also;
  if (!alert.empty()) out << " problem\" aria-invalid=\"true";
  out << "\"";
  return out;
}

Html optional_field(Markup name, std::string_view value) { return value.empty() ? Html() : hidden_field(name, value); }

Html header_of(std::string_view sign_out_csrf) {
  Html out;
  out << "<header>" << linked_wordmark() << "<nav aria-label=\"You\"><a href=\"" << text(kAccountPath)
      << "\">Account</a>" << sign_out_button(sign_out_csrf, true) << "</nav></header>\n";
  return out;
}

Html code_field(CodeField field, std::string_view alert) {
  Html out;
  if (field == CodeField::kApp)
    out << "<label for=\"code\">Code</label>\n<input id=\"code\" class=\"code\" name=\"code\" type=\"text\" "
        << "inputmode=\"numeric\" autocomplete=\"one-time-code\" maxlength=\"12\" required autofocus"
        << described(alert, "code-hint") << ">\n"
        << "<p class=\"hint\" id=\"code-hint\">The six digits that your authenticator app shows now.</p>\n";
  else
    out << "<label for=\"code\">Recovery code</label>\n<input id=\"code\" class=\"code\" name=\"code\" type=\"text\" "
        << "autocomplete=\"off\" autocapitalize=\"characters\" autocorrect=\"off\" spellcheck=\"false\" "
        << "maxlength=\"60\" required autofocus" << described(alert, "code-hint") << ">\n"
        << "<p class=\"hint\" id=\"code-hint\">One of those you kept when you set up your factor. Each works once; "
        << "upper or lower case and dashes do not matter.</p>\n";
  return out;
}

// /.sallyport/mfa with the same aim and the other field.
Html other_way(const SecondFactorPage& page, CodeField field, Markup words) {
  Html out;
  out << "<a href=\"" << text(kMfaPath) << "?with=";
  if (field == CodeField::kApp)
    out << "app";
  else
    out << "recovery";
  if (!page.flow.empty()) out << "&amp;flow=" << text(page.flow);
  if (!page.then.empty()) out << "&amp;then=" << text(page.then);
  out << "\">" << words << "</a>";
  return out;
}

Html other_ways(const SecondFactorPage& page) {
  Html out;
  if (page.field == CodeField::kRecovery && page.has_totp)
    out << "<li>" << other_way(page, CodeField::kApp, "Use your authenticator app") << "</li>";
  if (page.field == CodeField::kApp && page.has_recovery && (page.has_totp || !page.passkey.empty()))
    out << "<li>" << other_way(page, CodeField::kRecovery, "Use a recovery code") << "</li>";
  if (out.empty()) return out;
  Html list;
  list << "<ul class=\"ways\">" << out << "</ul>\n";
  return list;
}

Markup kind_words(FactorKind kind) {
  return kind == FactorKind::kTotp ? Markup("Authenticator app") : Markup("Passkey");
}

Html factor_item(const FactorShown& factor, const FactorsPage& page) {
  const std::string id = factor.id.to_string();
  const bool last = page.factors.size() == 1;
  Html out;
  out << "<li class=\"card\">\n<h3>" << text(factor.name) << "</h3>\n<dl>" << row("Kind", Html(kind_words(factor.kind)))
      << row("Last used", factor.used_at ? ago_element(*factor.used_at, page.now) : Html("never"))
      << row("Added", date_element(factor.created_at)) << "</dl>\n";
  if (!page.fresh) {
    out << "</li>\n";
    return out;
  }
  out << "<details class=\"change\"><summary aria-label=\"Change " << text(factor.name) << "\">Change</summary>\n"
      << "<form class=\"line\" method=\"post\" action=\"" << text(kRenameFactorPath) << "\">"
      << hidden_field("csrf", page.csrf) << hidden_field("id", id) << "<label for=\"name-" << text(id)
      << "\">Name</label>\n<input id=\"name-" << text(id)
      << "\" name=\"name\" type=\"text\" autocomplete=\"off\" required maxlength=\"60\" value=\"" << text(factor.name)
      << "\">\n<button type=\"submit\" class=\"plain\">Rename</button></form>\n";
  if (last && page.demanded) {
    out << "<p class=\"hint\">A second factor is required here, so the last one stays. Add another first.</p>\n";
  } else {
    out << "<form class=\"actions\" method=\"post\" action=\"" << text(kRemoveFactorPath) << "\">"
        << hidden_field("csrf", page.csrf) << hidden_field("id", id);
    if (last)
      out << "<p class=\"hint\">Your password alone will sign you in then, and the recovery codes go, too.</p>\n";
    out << "<button type=\"submit\" class=\"danger\" aria-label=\"Remove " << text(factor.name)
        << "\">Remove</button></form>\n";
  }
  out << "</details>\n</li>\n";
  return out;
}

Html recovery_section(const FactorsPage& page) {
  Html out;
  out << "<section class=\"card\" aria-labelledby=\"recovery\">\n<h2 id=\"recovery\">Recovery codes</h2>\n";
  if (page.recovery_left == 0)
    out << "<p>You have none left. Without one, losing your factor means asking an administrator.</p>\n";
  else
    out << "<p>" << text(counted(static_cast<int64_t>(page.recovery_left), "code"))
        << " left, each of which signs you in once when your factor is out of reach.</p>\n";
  if (page.recovery_used_at)
    out << "<p class=\"quiet\">One was last used " << ago_element(*page.recovery_used_at, page.now) << ".</p>\n";
  if (page.fresh)
    out << "<form class=\"actions\" method=\"post\" action=\"" << text(kNewCodesPath) << "\">"
        << hidden_field("csrf", page.csrf)
        << "<button type=\"submit\" class=\"plain\">Make new recovery codes</button></form>\n"
        << "<p class=\"hint\">The ones you have now stop working.</p>\n";
  out << "</section>\n";
  return out;
}

// In one card: the form of an app, and the button of a passkey.
Html ways_to_add(std::string_view csrf, std::string_view flow, std::string_view name, std::string_view alert,
                 const Html& add_passkey) {
  Html out;
  out << "<form class=\"stacked\" method=\"post\" action=\"" << text(kNewTotpPath) << "\">\n"
      << hidden_field("csrf", csrf) << optional_field("flow", flow)
      << "<label for=\"name\">Name of the app <span class=\"quiet\">(optional)</span></label>\n"
      << "<input id=\"name\" name=\"name\" type=\"text\" autocomplete=\"off\" maxlength=\"60\" value=\"" << text(name)
      << "\"" << described(alert, "name-hint") << ">\n"
      << "<p class=\"hint\" id=\"name-hint\">What you will know it by, for example My phone.</p>\n"
      << "<button type=\"submit\">Set up an authenticator app</button>\n</form>\n"
      << add_passkey;
  return out;
}

Html sign_in_again(std::string_view flow) {
  Html out;
  out << "<p class=\"actions\"><a class=\"button\" href=\"" << text(kLoginPath) << "?again=factors";
  if (!flow.empty()) out << "&amp;flow=" << text(flow);
  out << "\">Sign in again</a></p>\n";
  return out;
}

Html secret_groups(const SecretBytes& secret) {
  Html out;
  const std::string_view all = secret.reveal();
  for (size_t at = 0; at < all.size(); at += kSecretGroup) {
    if (at > 0) out << " ";
    out << text(all.substr(at, kSecretGroup));
  }
  return out;
}

}  // namespace

std::string_view to_string(FactorKind kind) { return kind == FactorKind::kTotp ? "totp" : "passkey"; }

std::string second_factor_page(const SecondFactorPage& page) {
  const bool by_code = page.field == CodeField::kApp ? page.has_totp : page.has_recovery;
  Html out = page_head(text("Second factor"), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>";
  if (page.again)
    out << "Confirm that it is you";
  else
    out << "One more step";
  out << "</h1>\n<p class=\"quiet\">";
  if (page.again)
    out << "What you are about to do asks for a fresh second factor";
  else
    out << "Show your second factor, <strong>" << text(page.user) << "</strong>,";
  if (!page.destination.empty()) out << " to continue to <strong>" << text(page.destination) << "</strong>";
  if (page.destination.empty() && !page.again) out << " to continue";
  out << ".</p>\n" << problem(page.alert) << page.passkey;
  if (by_code)
    out << "<form class=\"stacked\" method=\"post\" action=\"" << text(kMfaPath) << "\">\n"
        << hidden_field("csrf", page.csrf) << optional_field("flow", page.flow) << optional_field("then", page.then)
        << hidden_field("with", page.field == CodeField::kApp ? "app" : "recovery")
        << code_field(page.field, page.alert) << "<button type=\"submit\">Continue</button>\n</form>\n";
  out << other_ways(page) << "</div>\n";
  out << "<div class=\"aside\">" << sign_out_button(page.sign_out_csrf, true) << "</div>\n</main>\n"
      << "<footer>Nothing at hand? An administrator of your gateway can reset your second factors.</footer>\n";
  return finish_page(std::move(out));
}

std::string factors_page(const FactorsPage& page) {
  Html out = page_head(text("Second factors"), Width::kWide, Style::kLinked);
  out << header_of(page.sign_out_csrf) << "<main>\n<h1>Second factors</h1>\n"
      << "<p class=\"quiet\">What you show besides your password when you sign in.</p>\n";
  if (!page.alert.empty()) out << "<p class=\"alert\" role=\"alert\">" << text(page.alert) << "</p>\n";
  if (!page.note.empty()) out << "<p class=\"note\" role=\"status\">" << text(page.note) << "</p>\n";
  if (!page.fresh && !page.factors.empty())
    out << "<section class=\"card\" aria-labelledby=\"fresh\">\n<h2 id=\"fresh\">To change anything here</h2>\n"
        << "<p>Show one of your factors once more. It counts for 15 minutes.</p>\n<p class=\"actions\"><a "
           "class=\"button\" "
        << "href=\"" << text(kMfaPath) << "?then=factors\">Confirm that it is you</a></p>\n</section>\n";
  if (!page.fresh && page.factors.empty())
    out << "<section class=\"card\" aria-labelledby=\"fresh\">\n<h2 id=\"fresh\">To set one up</h2>\n"
        << "<p>This asks for a sign-in made for it. Sign in once more; then you have 15 minutes.</p>\n"
        << sign_in_again("") << "</section>\n";
  if (!page.factors.empty()) {
    out << "<h2>Yours</h2>\n<ul class=\"sessions factors\">\n";
    for (const FactorShown& factor : page.factors) out << factor_item(factor, page);
    out << "</ul>\n" << recovery_section(page);
  } else if (page.fresh) {
    out << "<p>You have none yet: whoever finds out your password can sign in with it.</p>\n";
  }
  if (page.fresh)
    out << "<section class=\"card\" aria-labelledby=\"add\">\n<h2 id=\"add\">Add a factor</h2>\n"
        << ways_to_add(page.csrf, "", "", "", page.add_passkey) << "</section>\n";
  out << "</main>\n<footer>When your factors change, your other sessions end.</footer>\n";
  return finish_page(std::move(out));
}

std::string new_factor_page(const NewFactorPage& page) {
  Html out = page_head(text("Set up a second factor"), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>Set up a second factor</h1>\n"
      << "<p class=\"quiet\">One is required to go on. It keeps others out who find out your password.</p>\n"
      << problem(page.alert);
  if (page.fresh)
    out << "<p>Any authenticator app on your phone or computer will do: it shows a new code of six digits every half "
        << "minute.</p>\n"
        << ways_to_add(page.csrf, page.flow, page.name, page.alert, page.add_passkey);
  else
    out << "<p>This asks for a sign-in made for it. Sign in once more; then you have 15 minutes.</p>\n"
        << sign_in_again(page.flow);
  out << "</div>\n<div class=\"aside\">" << sign_out_button(page.sign_out_csrf, true)
      << "</div>\n</main>\n<footer></footer>\n";
  return finish_page(std::move(out));
}

std::string totp_page(const TotpPage& page) {
  Html out = page_head(text("Set up an authenticator app"), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>Set up your app</h1>\n"
      << "<ol class=\"steps\">\n<li><p>Scan this with your authenticator app.</p>\n"
      << page.qr << "\n<details><summary>The app cannot scan it?</summary>\n<p>On this device: <a href=\""
      << text(page.uri->reveal()) << "\">open it in the app</a>. Or type this key:</p>\n<p class=\"key\" id=\"key\">"
      << secret_groups(*page.secret) << "</p>\n<dl>" << row("Account", Html() << text(page.account))
      << row("Issuer", Html() << text(page.gate)) << row("Type", Html("time-based, 6 digits, 30 seconds, SHA-1"))
      << "</dl></details></li>\n<li><p>Type the code that it shows.</p>\n"
      << problem(page.alert) << "<form class=\"stacked\" method=\"post\" action=\"" << text(kConfirmTotpPath) << "\">\n"
      << hidden_field("csrf", page.csrf) << hidden_field("id", page.id) << optional_field("flow", page.flow)
      << code_field(CodeField::kApp, page.alert) << "<button type=\"submit\">Confirm</button>\n</form></li>\n</ol>\n"
      << "</div>\n<p class=\"aside\"><a href=\"" << text(kFactorsPath) << "\">Cancel</a></p>\n</main>\n"
      << "<footer>This key is shown once. It is kept sealed, and nobody can read it later.</footer>\n";
  return finish_page(std::move(out));
}

std::string recovery_codes_page(const RecoveryCodesPage& page) {
  Html out = page_head(text("Recovery codes"), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>Your recovery codes</h1>\n<p>";
  if (page.first)
    out << "Your second factor is set up. ";
  else
    out << "The codes you had before no longer work. ";
  out << "Keep these where you find them when your phone is gone: each signs you in once.</p>\n"
      << "<ol class=\"codes\" aria-label=\"Recovery codes\">\n";
  for (const SecretBytes* const code : page.codes) out << "<li><code>" << text(code->reveal()) << "</code></li>\n";
  out << "</ol>\n<p class=\"print\">Recovery codes of <strong>" << text(page.user) << "</strong> at <strong>"
      << text(page.gate) << "</strong>, made " << date_element(page.now) << ".</p>\n"
      << "<p class=\"note\">They are shown this once. Print this page, or write them down, before you go on.</p>\n"
      << "<p class=\"actions\"><a class=\"button wide\" href=\"" << text(page.next_url)
      << "\">I have kept them, continue</a></p>\n</div>\n</main>\n<footer></footer>\n";
  return finish_page(std::move(out));
}

}  // namespace sallyport::sso
