#include "sso/saml_post_page.h"

#include "base/http/url.h"
#include "sso/page_frame.h"
#include "sso/pages.h"

namespace sallyport::sso {

GateReply saml_post_reply(const SamlPost& post, const char* reason) {
  const auto url = http::parse_url(post.destination);
  const std::string host = url ? url->host : "";
  Html out = page_head(text("Continue"), Width::kNarrow, Style::kLinked);
  out << "<header>" << wordmark() << "</header>\n<main>\n<div class=\"card\">\n<h1>Continue</h1>\n"
      << "<p>You go on to <strong>" << text(host)
      << "</strong>, which signs you in and out for your organisation.</p>\n"
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
