#include "sso/password_page.h"

#include "sso/page_frame.h"
#include "sso/pages.h"

namespace sallyport::sso {
namespace {

// Not shown: it tells the browser's password manager whose password this is.
Html whose(std::string_view user) {
  Html out;
  out << "<input class=\"unseen\" type=\"text\" name=\"username\" autocomplete=\"username\" value=\"" << text(user)
      << "\" tabindex=\"-1\" aria-hidden=\"true\" readonly>\n";
  return out;
}

Html problem(std::string_view alert) {
  Html out;
  out << "<div role=\"alert\" aria-live=\"assertive\" id=\"problem\">";
  if (!alert.empty()) out << "<p class=\"alert\">" << text(alert) << "</p>";
  out << "</div>\n";
  return out;
}

enum class Focus : uint8_t { kNo, kYes };

Html password_field(Markup id, Markup label, Markup complete, Focus focus, Markup described_by = "") {
  Html out;
  out << "<label for=\"" << id << "\">" << label << "</label>\n<input id=\"" << id << "\" name=\"" << id
      << "\" type=\"password\" autocomplete=\"" << complete << "\" required";
  if (focus == Focus::kYes) out << " autofocus";
  if (!described_by.bytes.empty()) out << " aria-describedby=\"" << described_by << "\"";
  out << ">\n";
  return out;
}

Html new_fields(int min_length, Focus focus) {
  Html out;
  out << password_field("new", "New password", "new-password", focus, "rule")
      << "<p class=\"quiet hint\" id=\"rule\">At least " << min_length
      << " characters. A few words that do not belong together are easy to keep in mind and hard to guess.</p>\n"
      << password_field("again", "New password, once more", "new-password", Focus::kNo);
  return out;
}

}  // namespace

std::string new_password_page(const NewPasswordPage& page) {
  Html out =
      page_head(text(page.due ? "Choose a new password" : "Change your password"), Width::kNarrow, Style::kLinked);
  out << "<header>" << (page.due ? wordmark() : linked_wordmark()) << "<nav aria-label=\"You\">";
  if (!page.due) out << "<a href=\"" << text(kAccountPath) << "\">Account</a>";
  out << sign_out_button(page.sign_out_csrf, true) << "</nav></header>\n<main>\n<div class=\"card\">\n";
  if (page.due)
    out << "<h1>Choose a new password</h1>\n<p class=\"quiet\">The password of <strong>" << text(page.user)
        << "</strong> has to be changed before you go on.</p>\n";
  else
    out << "<h1>Change your password</h1>\n<p class=\"quiet\">You are signed in as <strong>" << text(page.user)
        << "</strong>. Everywhere else you will be signed out.</p>\n";
  out << problem(page.alert) << "<form class=\"stacked\" method=\"post\" action=\"" << text(kPasswordPath) << "\">\n"
      << hidden_field("csrf", page.csrf);
  if (!page.flow.empty()) out << hidden_field("flow", page.flow);
  out << whose(page.user) << password_field("current", "Present password", "current-password", Focus::kYes)
      << new_fields(page.min_length, Focus::kNo) << "<button type=\"submit\">"
      << (page.due ? Markup("Set the password and go on") : Markup("Change the password"))
      << "</button>\n</form>\n</div>\n</main>\n<footer></footer>\n";
  return finish_page(std::move(out));
}

std::string reset_page(const ResetPage& page) {
  Html out = page_head(text("Set a new password"), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>Set a new password</h1>\n"
      << "<p class=\"quiet\">For <strong>" << text(page.user)
      << "</strong>. Wherever this account is signed in, it will be signed out. The link works once.</p>\n"
      << problem(page.alert) << "<form class=\"stacked\" method=\"post\" action=\"" << text(kResetPath) << "\">\n"
      << hidden_field("csrf", page.csrf) << hidden_field("code", page.code) << whose(page.user)
      << new_fields(page.min_length, Focus::kYes)
      << "<button type=\"submit\">Set the password</button>\n</form>\n</div>\n</main>\n"
      << "<footer>Check that the address bar shows the name of your gateway before you type a password.</footer>\n";
  return finish_page(std::move(out));
}

std::string reset_done_page(std::string_view user) {
  Html out = page_head(text("Password set"), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>The password is set</h1>\n"
      << "<p>Sign in as <strong>" << text(user)
      << "</strong> with it now.</p>\n<p class=\"actions\"><a class=\"button\" href=\"" << text(kLoginPath)
      << "\">Sign in</a></p>\n</div>\n</main>\n<footer></footer>\n";
  return finish_page(std::move(out));
}

}  // namespace sallyport::sso
