#include "sso/token_page.h"

#include "base/units.h"
#include "sso/page_frame.h"
#include "sso/page_parts.h"
#include "sso/pages.h"

namespace sallyport::sso {
namespace {

constexpr std::string_view kTokenMark = "<!--token-->";

Html field(Markup name, Markup label, Markup more, std::string_view value, Markup hint) {
  Html out;
  out << "<label for=\"" << name << "\">" << label << "</label>\n<input id=\"" << name << "\" name=\"" << name
      << "\" type=\"text\" autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\" aria-describedby=\""
      << name << "-hint\" value=\"" << text(value) << "\"" << more << ">\n<p class=\"hint\" id=\"" << name << "-hint\">"
      << hint << "</p>\n";
  return out;
}

Html choices(Markup id, const std::vector<std::string>& values) {
  Html out;
  out << "<datalist id=\"" << id << "\">";
  for (const std::string& value : values) out << "<option value=\"" << text(value) << "\"></option>";
  out << "</datalist>\n";
  return out;
}

Html check(Markup name, Markup label, bool checked) {
  Html out;
  out << "<label class=\"check\"><input type=\"checkbox\" name=\"" << name << "\" value=\"1\""
      << (checked ? Html(" checked") : Html()) << "> <span>" << label << "</span></label>\n";
  return out;
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& one : list) out += (out.empty() ? "" : ", ") + one;
  return out;
}

// What the field is called on the page.
std::string label_of(std::string_view path) {
  constexpr std::pair<std::string_view, std::string_view> kLabels[] = {
      {"name", "Name"}, {"expires", "Lasts"}, {"team", "Team"},   {"resource", "Place"},
      {"path", "Path"}, {"networks", "From"}, {"admin", "Right"},
  };
  for (const auto& [key, label] : kLabels)
    if (path.starts_with(key)) return std::string(label);
  return std::string(path);
}

Html mistakes(const Mistakes& list) {
  Html out;
  if (list.empty()) return out;
  out << "<div class=\"alert\" role=\"alert\"><p>No token was made:</p>\n<ul>";
  for (const Mistake& mistake : list)
    out << "<li>" << text(label_of(mistake.path)) << ": " << text(mistake.message) << "</li>";
  out << "</ul></div>\n";
  return out;
}

Html reach(const policy::TokenScope& scope) {
  const std::string narrowed = scope_words(scope);
  return narrowed == "all" ? Html("all that its owner may open") : words(narrowed);
}

Html new_one(const TokenPage& page) {
  const storage::TokenRecord& record = page.issued->record;
  Html out;
  out << "<section class=\"card\" aria-labelledby=\"new\">\n<h2 id=\"new\">Your new token " << text(record.name)
      << "</h2>\n<p role=\"status\">Copy it now. It is shown this once and never again.</p>\n"
      << "<p class=\"secret\"><code><!--token--></code></p>\n<dl>" << row("Reaches", reach(record.scope))
      << row("Ends", date_element(record.expires_at)) << "</dl>\n</section>\n";
  return out;
}

Html form(const TokenPage& page) {
  const TokenWish& wish = page.wish;
  const std::chrono::seconds usual = std::min(page.rules.life_max, std::chrono::seconds(std::chrono::days(30)));
  const bool narrowed = wish.read_only || wish.api || wish.admin || !wish.team.empty() || !wish.resource.empty() ||
                        !wish.path.empty() || !wish.networks.empty();
  Html out;
  out << "<section class=\"card\" aria-labelledby=\"make\">\n<h2 id=\"make\">Make a token</h2>\n"
      << "<p class=\"quiet\">A program that has it may do what you may do, within what you allow here, until it ends: "
         "after at most "
      << text(to_duration_text(page.rules.life_max)) << ".</p>\n<form class=\"stacked\" method=\"post\" action=\""
      << text(kTokensPath) << "\">\n"
      << hidden_field("csrf", page.csrf) << "\n"
      << field("name", "Name", " required maxlength=\"100\"", wish.name,
               "What it is for: you will see it in this list.")
      << field("expires", "Lasts", " required maxlength=\"12\" list=\"lives\"",
               wish.expires.empty() ? to_duration_text(usual) : wish.expires, "A number and a unit: 12h, 30d, 8w.")
      << choices("lives", {"1d", "7d", "30d", "90d"}) << "<details" << (narrowed ? Html(" open") : Html())
      << ">\n<summary>Narrow what it reaches</summary>\n"
      << check("read_only", "Only read (GET, HEAD and OPTIONS, no WebSocket)", wish.read_only)
      << field("team", "Team", " list=\"teams\" maxlength=\"63\"", wish.team, "Only places of this team.")
      << choices("teams", page.teams)
      << field("resource", "Place", " list=\"resources\" maxlength=\"63\"", wish.resource, "Only this tool or API.")
      << choices("resources", page.resources)
      << field("path", "Path", " maxlength=\"2048\"", wish.path, "Only this path and what is below it: /reports")
      << field("networks", "From", "", joined(wish.networks), "Only from these networks: 10.0.0.0/8, 192.0.2.7")
      << "</details>\n<details" << (wish.api || wish.admin ? Html(" open") : Html())
      << ">\n<summary>More than the places</summary>\n"
      << check("api", "The gateway's own API", wish.api);
  if (page.may_ask_admin) out << check("admin", "Your right as an administrator", wish.admin);
  out << "</details>\n<button type=\"submit\">Make the token</button>\n</form>\n</section>\n";
  return out;
}

Html button(Markup action, const TokenPage& page, const OwnToken& token, Markup verb) {
  Html out;
  out << "<form method=\"post\" action=\"" << action << "\">" << hidden_field("csrf", page.csrf)
      << hidden_field("token", token.record.id.to_string()) << "<button type=\"submit\" class=\"plain\" aria-label=\""
      << verb << " token " << text(token.record.name) << "\">" << verb << "</button></form>";
  return out;
}

Html last_use(const storage::TokenRecord& token, WallMicros now) {
  if (!token.last_used_at) return Html("never");
  Html out = ago_element(*token.last_used_at, now);
  if (!token.last_used_from.empty()) out << ", from " << text(token.last_used_from);
  return out;
}

Html item(const OwnToken& token, const TokenPage& page) {
  Html out;
  out << "<li class=\"card\">\n<h3>" << text(token.record.name);
  if (!token.account.empty()) out << " <span class=\"tag\">service account " << text(token.account) << "</span>";
  out << "</h3>\n<dl>" << row("Reaches", reach(token.record.scope))
      << row("Last used", last_use(token.record, page.now)) << row("Made", date_element(token.record.created_at))
      << row("Ends", date_element(token.ends_at)) << "</dl>\n<div class=\"buttons\">"
      << button("/.sallyport/account/tokens/rotate", page, token, "Rotate")
      << button("/.sallyport/account/tokens/revoke", page, token, "Revoke") << "</div>\n</li>\n";
  return out;
}

Html list(const TokenPage& page) {
  Html out;
  out << "<section aria-labelledby=\"tokens\">\n<h2 id=\"tokens\">Your tokens</h2>\n";
  if (page.tokens.empty()) {
    out << "<p class=\"quiet\">None.</p>\n</section>\n";
    return out;
  }
  out << "<p class=\"quiet\">Revoke one that you do not know: it ends at once. Rotating makes a new one in its place; "
         "the "
         "old one counts for one hour more.</p>\n<ul class=\"sessions\">\n";
  for (const OwnToken& token : page.tokens) out << item(token, page);
  out << "</ul>\n</section>\n";
  return out;
}

}  // namespace

Html tokens_link(const Html& words) {
  Html out;
  out << "<p class=\"actions\"><a class=\"button\" href=\"" << text(kTokensPath) << "\">" << words << "</a></p>\n";
  return out;
}

std::string token_page(const TokenPage& page) {
  Html out = page_head(text("Your tokens"), Width::kWide, Style::kLinked);
  out << "<header>" << linked_wordmark() << "<nav aria-label=\"You\"><a href=\"" << text(kAccountPath)
      << "\">Account</a>" << sign_out_button(page.sign_out_csrf, true)
      << "</nav></header>\n<main>\n<h1>Tokens for programs</h1>\n";
  if (!page.alert.empty()) out << "<p class=\"alert\" role=\"alert\">" << text(page.alert) << "</p>\n";
  if (!page.note.empty()) out << "<p class=\"note\" role=\"status\">" << text(page.note) << "</p>\n";
  out << mistakes(page.mistakes);
  if (page.issued != nullptr) out << new_one(page);
  // What was typed wrongly is mended where the eye is.
  if (page.mistakes.empty())
    out << list(page) << form(page);
  else
    out << form(page) << list(page);
  out << "</main>\n<footer></footer>\n";
  std::string html = finish_page(std::move(out));
  if (page.issued == nullptr) return html;
  const std::string_view value = page.issued->text.reveal();
  html.reserve(html.size() + value.size());
  html.replace(html.find(kTokenMark), kTokenMark.size(), value);
  return html;
}

}  // namespace sallyport::sso
