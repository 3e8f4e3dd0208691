#include "sso/saml_post_page.h"

#include "base/http/url.h"
#include "sso/page_frame.h"
#include "sso/pages.h"

namespace sallyport::sso {

namespace {

struct Words {
  std::string_view title;
  Markup before, after;
};
Words words_of(Way way) {
  if (way == Way::kSignedOut)
    return {"Signed out", "You are signed out here. Continue to sign out at ", " as well, where you signed in."};
  return {"Continue", "You go on to ", ", which signs you in and out for your organisation."};
}

}  // namespace

GateReply saml_post_reply(const SamlPost& post, const char* reason, Way way) {
  const auto url = http::parse_url(post.destination);
  const std::string host = url ? url->host : "";
  const Words words = words_of(way);
  Html out = page_head(text(words.title), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>" << text(words.title)
      << "</h1>\n<p>" << words.before << "<strong>" << text(host) << "</strong>" << words.after << "</p>\n"
      << "<form class=\"stacked\" method=\"post\" action=\"" << text(post.destination) << "\">\n"
      << "<input type=\"hidden\" name=\"" << text(post.field) << "\" value=\"" << text(post.message) << "\">\n";
  if (!post.relay_state.empty()) out << hidden_field("RelayState", post.relay_state);
  out << "<button type=\"submit\" autofocus>Continue</button>\n</form>\n</div>\n</main>\n<footer></footer>\n";
  GateReply reply = page_reply(200, finish_page(std::move(out)), reason);
  if (!url) return reply;
  // The provider leads on by redirects of its own, which browsers hold against form-action: its origin and any other.
  reply.headers = page_headers_for_form({"https:", url->scheme + "://" + url->authority()});
  add_header(reply, "Content-Type", "text/html; charset=utf-8");
  return reply;
}

}  // namespace sallyport::sso
