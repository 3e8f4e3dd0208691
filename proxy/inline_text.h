// A short text with room of its own: what must outlive a request's head costs no allocation. Longer values are cut.
#pragma once

#include <array>
#include <string_view>

namespace sallyport::proxy {

template <size_t N>
class InlineText {
 public:
  InlineText() {}  // the room stays uninitialised
  void assign(std::string_view text) { size_ = text.copy(room_.data(), N); }
  std::string_view view() const { return {room_.data(), size_}; }
  operator std::string_view() const { return view(); }  // NOLINT: it is a text
  bool empty() const { return size_ == 0; }

 private:
  size_t size_ = 0;
  std::array<char, N> room_;
};

}  // namespace sallyport::proxy
