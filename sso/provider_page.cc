#include "sso/provider_page.h"

#include "sso/page_frame.h"
#include "sso/page_parts.h"

namespace sallyport::sso {
namespace {

Markup type_words(policy::ProviderType type) {
  switch (type) {
    case policy::ProviderType::kSaml:
      return "SAML 2.0";
    case policy::ProviderType::kOidc:
      return "OpenID Connect";
    case policy::ProviderType::kLdap:
      return "LDAP";
  }
  return "";
}

Markup outcome_words(const storage::SignInAttempt& attempt) {
  if (attempt.outcome == to_string(ReportOutcome::kSignedIn)) return "signed in";
  if (attempt.outcome == to_string(ReportOutcome::kUnavailable)) return "unavailable";
  return "refused";
}

Html certificate_words(const ProviderCertificate& certificate, WallMicros now) {
  Html out;
  out << text(certificate.use) << ": ";
  if (certificate.not_after <= now)
    out << "<strong class=\"bad\">expired</strong> on ";
  else if (certificate.not_after - now < kCertificateWarning)
    out << "<strong class=\"bad\">expires soon</strong>, on ";
  else
    out << "until ";
  return out << date_element(certificate.not_after);
}

Html facts(const ProviderShown& provider, WallMicros now) {
  Html domains;
  for (const std::string& domain : provider.domains) {
    if (!domains.empty()) domains << ", ";
    domains << text(domain);
  }
  if (domains.empty()) domains << "<span class=\"quiet\">none</span>";
  Html out;
  out << "<dl>" << row("Kind", Html(type_words(provider.type)));
  if (!provider.label.empty()) out << row("Shown as", words(provider.label));
  out << row("Domains", domains);
  if (provider.required) out << row("Required", Html("people of its domains sign in here alone"));
  out << row("New accounts",
             provider.provision ? Html("made at the first sign-in") : Html("not made: somebody else makes them"));
  if (provider.damaged)
    out << row("State", Html("<strong class=\"bad\">its record is damaged: nobody signs in there</strong>"));
  else if (!provider.state.words.empty())
    out << row("State", provider.state.fine
                            ? words(provider.state.words)
                            : Html() << "<strong class=\"bad\">" << text(provider.state.words) << "</strong>");
  for (const ProviderCertificate& certificate : provider.state.certificates)
    out << row("Certificate", certificate_words(certificate, now));
  return out << "</dl>\n";
}

Html attempt_line(const storage::SignInAttempt& attempt, WallMicros now) {
  Html out;
  out << outcome_words(attempt);
  if (!attempt.user.empty()) out << ": " << text(attempt.user);
  out << ", " << ago_element(attempt.at, now) << " <span class=\"reference\">" << text(attempt.reference) << "</span>";
  return out;
}

Html check_item(const ReportedCheck& check) {
  Html out;
  out << "<tr" << (check.passed ? Html() : Html(" class=\"bad\"")) << "><td>" << text(check.name) << "</td><td>"
      << text(check.expected) << "</td><td>" << text(check.found) << "</td><td>"
      << (check.passed ? Html("yes") : Html("no")) << "</td></tr>\n";
  return out;
}

Html checks_of(const storage::SignInAttempt& attempt) {
  const auto checks = read_checks(attempt.checks);
  if (!checks) return Html("<p class=\"quiet\">What was checked cannot be read any more.</p>\n");
  if (checks->empty()) return Html("<p class=\"quiet\">Nothing was checked.</p>\n");
  Html out;
  out << "<div class=\"scroll\"><table class=\"checks\">\n<thead><tr><th scope=\"col\">Check</th><th "
         "scope=\"col\">Expected</th><th scope=\"col\">Found</th><th scope=\"col\">Passed</th></tr></thead>\n<tbody>\n";
  for (const ReportedCheck& check : *checks) out << check_item(check);
  return out << "</tbody></table></div>\n";
}

Html attempt_item(const storage::SignInAttempt& attempt, WallMicros now) {
  Html out;
  out << "<li class=\"card attempt\" id=\"" << text(attempt.reference) << "\">\n<h3>" << attempt_line(attempt, now)
      << "</h3>\n<dl>" << row("When", date_element(attempt.at)) << row("From", words(attempt.client))
      << row("Why", words(attempt.reason)) << "</dl>\n<details>\n<summary>What was checked</summary>\n"
      << checks_of(attempt) << "</details>\n</li>\n";
  return out;
}

Html page_top(const char* title, std::string_view sign_out_csrf, Markup back, std::string_view back_url) {
  Html out = page_head(text(title), Width::kWide, Style::kLinked);
  out << "<header>" << linked_wordmark() << "<nav aria-label=\"You\"><a href=\"" << text(back_url) << "\">" << back
      << "</a>" << sign_out_button(sign_out_csrf, true) << "</nav></header>\n<main>\n";
  return out;
}

std::string url_of(const ProviderShown& provider) { return std::string(kProvidersPath) + "/" + provider.name; }

}  // namespace

ProviderShown shown(const policy::CompiledProvider& provider) {
  return {.name = provider.name,
          .label = provider.spec.label,
          .type = provider.spec.type,
          .domains = provider.spec.domains,
          .required = provider.spec.required,
          .provision = provider.spec.provision,
          .damaged = provider.damaged,
          .state = {},
          .attempts = {}};
}

std::string providers_page(const ProvidersPage& page) {
  Html out = page_top("Identity providers", page.sign_out_csrf, "Account", "/.sallyport/account");
  out << "<h1>Identity providers</h1>\n<p class=\"quiet\">Where people sign in at their organisation.</p>\n";
  if (page.providers.empty())
    out << "<p>There is none. An <code>identity_provider</code> in your resources makes one.</p>\n";
  for (const ProviderShown& provider : page.providers) {
    out << "<section class=\"card\">\n<h2><a href=\"" << text(url_of(provider)) << "\">" << text(provider.name)
        << "</a></h2>\n"
        << facts(provider, page.now);
    if (provider.attempts.empty()) {
      out << "<p class=\"quiet\">Nobody has tried to sign in there.</p>\n";
    } else {
      out << "<ul>\n";
      for (const storage::SignInAttempt& attempt : provider.attempts)
        out << "<li><a href=\"" << text(url_of(provider)) << "#" << text(attempt.reference) << "\">"
            << attempt_line(attempt, page.now) << "</a></li>\n";
      out << "</ul>\n";
    }
    out << "</section>\n";
  }
  out << "</main>\n<footer></footer>\n";
  return finish_page(std::move(out));
}

std::string provider_page(const ProviderPage& page) {
  const ProviderShown& provider = page.provider;
  Html out = page_top("Identity provider", page.sign_out_csrf, "Providers", kProvidersPath);
  out << "<h1>" << text(provider.name) << "</h1>\n<section class=\"card\" aria-label=\"Settings\">\n"
      << facts(provider, page.now) << "</section>\n<h2>The last sign-ins</h2>\n";
  if (provider.attempts.empty()) {
    out << "<p>Nobody has tried to sign in there.</p>\n";
  } else {
    out << "<p class=\"quiet\">The newest first. The check that failed is the last of its sign-in.</p>\n<ul "
           "class=\"attempts\">\n";
    for (const storage::SignInAttempt& attempt : provider.attempts) out << attempt_item(attempt, page.now);
    out << "</ul>\n";
  }
  out << "</main>\n<footer></footer>\n";
  return finish_page(std::move(out));
}

std::string refused_sign_in_page(std::string_view title, std::string_view message, std::string_view reference,
                                 std::string_view again) {
  Html out = page_head(text(title), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>" << text(title)
      << "</h1>\n<p role=\"alert\">" << text(message) << "</p>\n<p>Reference: <span class=\"reference\">"
      << text(reference) << "</span></p>\n<p class=\"actions\"><a class=\"button wide\" href=\"" << text(again)
      << "\">Sign in again</a></p>\n</div>\n</main>\n"
      << "<footer>With the reference, an administrator of your gateway finds out what went wrong.</footer>\n";
  return finish_page(std::move(out));
}

}  // namespace sallyport::sso
