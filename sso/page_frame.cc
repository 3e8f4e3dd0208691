#include "sso/page_frame.h"

#include "sso/pages.h"

namespace sallyport::sso {

Html page_head(Text title, Width width, Style style, const Html& extra) {
  Html out;
  out << "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      << "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      << "<meta name=\"robots\" content=\"noindex\">\n<title>" << title << " - Sallyport</title>\n"
      << "<link rel=\"icon\" href=\"data:,\">\n";
  if (style == Style::kLinked)
    out << "<link rel=\"stylesheet\" href=\"" << text(style_url()) << "\">\n";
  else
    out << "<!--style-->\n";
  out << extra << "</head>\n<body";
  if (width == Width::kNarrow) out << " class=\"narrow\"";
  out << ">\n";
  return out;
}

std::string finish_page(Html&& page) {
  page << "</body>\n</html>\n";
  return std::move(page).take();
}

Html wordmark() { return Html("<span class=\"wordmark\">Sally<span>port</span></span>"); }
Html linked_wordmark() { return Html("<a class=\"wordmark\" href=\"/\">Sally<span>port</span></a>"); }

Html hidden_field(Markup name, std::string_view value) {
  Html out;
  out << "<input type=\"hidden\" name=\"" << name << "\" value=\"" << text(value) << "\">";
  return out;
}

Html sign_out_button(std::string_view csrf, bool plain) {
  Html out;
  out << "<form class=\"actions\" method=\"post\" action=\"" << text(kLogoutPath) << "\">" << hidden_field("csrf", csrf)
      << "<button type=\"submit\"";
  if (plain) out << " class=\"plain\"";
  out << ">Sign out</button></form>";
  return out;
}

}  // namespace sallyport::sso
