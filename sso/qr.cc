#include "sso/qr.h"

#include <qrencode.h>

#include "base/c_handle.h"

namespace sallyport::sso {
namespace {

using Drawing = CHandle<QRcode, QRcode_free>;

constexpr size_t kTextBytesMax = 512;  // of the 2331 that level M holds: more is nothing that a phone reads well
constexpr size_t kQuiet = 4;
constexpr int kSmallestVersionThatFits = 0;

}  // namespace

Result<Html> qr_svg(const SecretBytes& text, Markup label) {
  if (text.empty() || text.size() > kTextBytesMax)
    return fail(Code::kLimit, Side::kSelf, "too much text for a QR code");
  const Drawing code(QRcode_encodeData(static_cast<int>(text.size()),
                                       reinterpret_cast<const unsigned char*>(text.view().data()),
                                       kSmallestVersionThatFits, QR_ECLEVEL_M));
  if (!code) return fail(Code::kLimit, Side::kSelf, "no memory for a QR code");
  const auto width = static_cast<size_t>(code->width);
  const size_t side = width + 2 * kQuiet;
  const std::span modules(code->data, width * width);
  const auto dark = [&](size_t row, size_t column) { return (modules[row * width + column] & 1) != 0; };

  Html out;
  out << "<svg class=\"qr\" role=\"img\" aria-label=\"" << label << "\" viewBox=\"0 0 " << side << " " << side
      << "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h" << side << "v" << side
      << "H0z\"/><path fill=\"#000\" d=\"";
  for (size_t row = 0; row < width; ++row) {
    for (size_t column = 0; column < width; ++column) {
      if (!dark(row, column)) continue;
      const size_t begin = column;
      while (column < width && dark(row, column)) ++column;
      out << "M" << begin + kQuiet << " " << row + kQuiet << "h" << column - begin << "v1H" << begin + kQuiet << "z";
    }
  }
  out << "\"/></svg>";
  wipe(std::as_writable_bytes(modules));
  return out;
}

}  // namespace sallyport::sso
