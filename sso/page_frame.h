// What all pages of the gate have around their content.
#pragma once

#include <string>
#include <string_view>

#include "sso/html.h"

namespace sallyport::sso {

enum class Width : uint8_t { kNarrow, kWide };
enum class Style : uint8_t {
  kLinked,
  kInline
};  // inline where the style sheet may be out of reach (an address refused)

// Everything up to <body>. extra: more of the head.
Html page_head(Text title, Width width, Style style, const Html& extra = {});
std::string finish_page(Html&& page);

Html wordmark();
Html linked_wordmark();  // to the home page
Html hidden_field(Markup name, std::string_view value);
Html sign_out_button(std::string_view csrf, bool plain);

}  // namespace sallyport::sso
