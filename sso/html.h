// HTML that cannot hold unescaped text: what is written in the source is markup, everything else has to say text().
//   html << "<p>Hello " << text(user.name) << "</p>";
// A std::string or a run-time const char* in place of a literal does not compile.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace sallyport::sso {

// A literal of the source; the constructor is consteval, so that no run-time text gets in.
struct Markup {
  std::string_view bytes;
  consteval Markup(const char* literal) : bytes(literal) {}  // NOLINT: that "<p>" just works is its point
};

// Text to be escaped, for element content and for double-quoted attribute values.
struct Text {
  std::string_view bytes;
};
constexpr Text text(std::string_view bytes) { return {bytes}; }

class Html {
 public:
  Html() = default;
  Html(Markup markup) : out_(markup.bytes) {}  // NOLINT
  Html& operator<<(Markup markup);
  Html& operator<<(Text text);
  Html& operator<<(const Html& html);
  template <std::integral T>
    requires(!std::same_as<T, char> && !std::same_as<T, bool>)
  Html& operator<<(T number) {
    out_ += std::to_string(number);
    return *this;
  }
  bool empty() const { return out_.empty(); }
  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace sallyport::sso
