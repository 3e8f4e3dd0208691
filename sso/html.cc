#include "sso/html.h"

namespace sallyport::sso {

Html& Html::operator<<(Markup markup) {
  out_ += markup.bytes;
  return *this;
}

Html& Html::operator<<(const Html& html) {
  out_ += html.out_;
  return *this;
}

Html& Html::operator<<(Text text) {
  for (const char c : text.bytes) {
    switch (c) {
      case '&':
        out_ += "&amp;";
        break;
      case '<':
        out_ += "&lt;";
        break;
      case '>':
        out_ += "&gt;";
        break;
      case '"':
        out_ += "&quot;";
        break;
      case '\'':
        out_ += "&#39;";
        break;
      case '`':
        out_ += "&#96;";
        break;
      default:
        // HTML s13.2.3.5: control characters are parse errors; they have no place in a page.
        out_ += (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? ' ' : c;
    }
  }
  return *this;
}

}  // namespace sallyport::sso
