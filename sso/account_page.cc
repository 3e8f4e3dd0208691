#include "sso/account_page.h"

#include "sso/browser_name.h"
#include "sso/factor_pages.h"
#include "sso/page_frame.h"
#include "sso/page_parts.h"
#include "sso/pages.h"
#include "sso/provider_page.h"
#include "sso/token_page.h"

namespace sallyport::sso {
namespace {

Html who(const AccountPage& page) {
  Html out;
  out << "<section class=\"card\" aria-labelledby=\"who\">\n<h2 id=\"who\">Who you are</h2>\n<dl>"
      << row("Name", words(page.user))
      << row("E-mail", page.email.empty() ? Html("<span class=\"quiet\">none</span>") : words(page.email))
      << row("Signed in",
             page.strength == policy::Strength::kMfa ? Html("with a second factor") : Html("without a second factor"));
  if (page.admin) out << row("Right", Html("administrator of this gateway"));
  out << "</dl>\n<p class=\"actions\"><a class=\"button plain\" href=\"" << text(kFactorsPath)
      << "\">Second factors</a>";
  if (page.has_password)
    out << " <a class=\"button plain\" href=\"" << text(kPasswordPath) << "\">Change your password</a>";
  if (page.admin) out << " <a class=\"button plain\" href=\"" << text(kProvidersPath) << "\">Identity providers</a>";
  out << "</p>\n</section>\n";
  return out;
}

Html session_item(const OwnSession& session, const AccountPage& page) {
  const std::string program = browser_name(session.user_agent);
  Html hosts;
  for (const std::string& host : session.hosts) {
    if (!hosts.empty()) hosts << ", ";
    hosts << text(host);
  }
  if (hosts.empty()) hosts << "this gateway alone";
  Html out;
  out << "<li class=\"card\">\n<h3>" << text(program);
  if (session.current) out << " <span class=\"tag\">this session</span>";
  out << "</h3>\n<dl>" << row("From", words(session.client))
      << row("Last used", ago_element(session.last_seen_at, page.now)) << row("Began", date_element(session.created_at))
      << row("Ends by", date_element(session.absolute_end)) << row("Places", hosts) << "</dl>\n";
  // The present one has the button that signs out.
  if (!session.current)
    out << "<form class=\"actions\" method=\"post\" action=\"" << text(kEndSessionPath) << "\">"
        << hidden_field("csrf", page.sessions_csrf) << hidden_field("session", session.id.to_string())
        << "<button type=\"submit\" class=\"plain\" aria-label=\"End session: " << text(program) << " from "
        << text(session.client) << "\">End session</button></form>\n";
  out << "</li>\n";
  return out;
}

Html sessions(const AccountPage& page) {
  Html out;
  out << "<section aria-labelledby=\"sessions\">\n<h2 id=\"sessions\">Where you are signed in</h2>\n"
      << "<p class=\"quiet\">If you do not know one of these, end it and "
      << (page.has_password ? Html("change your password") : Html("tell whoever runs this gateway")) << ".</p>\n"
      << "<ul class=\"sessions\">\n";
  for (const OwnSession& session : page.sessions.shown) out << session_item(session, page);
  out << "</ul>\n";
  if (page.sessions.all > page.sessions.shown.size())
    out << "<p class=\"quiet\">And " << page.sessions.all - page.sessions.shown.size()
        << " more, used longer ago.</p>\n";
  if (page.sessions.all > 1)
    out << "<form class=\"actions\" method=\"post\" action=\"" << text(kEndOthersPath) << "\">"
        << hidden_field("csrf", page.sessions_csrf)
        << "<button type=\"submit\">End all other sessions</button></form>\n";
  out << "</section>\n";
  return out;
}

Html tokens(const AccountPage& page) {
  Html out;
  out << "<section aria-labelledby=\"tokens\">\n<h2 id=\"tokens\">Your tokens for programs</h2>\n";
  const Html manage = tokens_link(page.tokens.empty() ? Html("Make a token") : Html("Make and manage tokens"));
  if (page.tokens.empty()) {
    out << "<p class=\"quiet\">None.</p>\n" << manage << "</section>\n";
    return out;
  }
  out << "<ul class=\"sessions\">\n";
  for (const storage::TokenRecord& token : page.tokens)
    out << "<li class=\"card\">\n<h3>" << text(token.name) << "</h3>\n<dl>"
        << row("Last used", token.last_used_at ? ago_element(*token.last_used_at, page.now) : Html("never"))
        << row("Made", date_element(token.created_at)) << row("Ends", date_element(token.expires_at))
        << "</dl>\n</li>\n";
  out << "</ul>\n" << manage << "</section>\n";
  return out;
}

}  // namespace

std::string account_page(const AccountPage& page) {
  Html out = page_head(text("Your account"), Width::kWide, Style::kLinked);
  out << "<header>" << linked_wordmark() << "<nav aria-label=\"You\"><a href=\"/\">Places</a>"
      << sign_out_button(page.sign_out_csrf, true) << "</nav></header>\n<main>\n<h1>Your account</h1>\n";
  if (!page.alert.empty()) out << "<p class=\"alert\" role=\"alert\">" << text(page.alert) << "</p>\n";
  if (!page.note.empty()) out << "<p class=\"note\" role=\"status\">" << text(page.note) << "</p>\n";
  out << who(page);
  out << sessions(page) << tokens(page) << "</main>\n<footer></footer>\n";
  return finish_page(std::move(out));
}

}  // namespace sallyport::sso
