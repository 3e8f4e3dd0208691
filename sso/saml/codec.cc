#include "sso/saml/codec.h"

#include <zlib.h>

#include <array>
#include <cstdlib>

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr int kRawDeflate = -MAX_WBITS;  // RFC 1951, without a head

Bytef* bytes_of(std::string_view text) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));  // zlib reads it, and takes no const
}

// How long the base64 of so many bytes may be, line breaks included.
size_t text_max(size_t bytes_max) { return bytes_max / 3 * 4 + bytes_max / 16 + 16; }

struct Inflating {
  z_stream stream{};
  bool open = inflateInit2(&stream, kRawDeflate) == Z_OK;
  Inflating() = default;
  Inflating(const Inflating&) = delete;
  Inflating& operator=(const Inflating&) = delete;
  ~Inflating() {
    if (open) inflateEnd(&stream);
  }
};

Result<std::string> inflated(ByteView packed, size_t bytes_max) {
  Inflating inflating;
  z_stream& stream = inflating.stream;
  if (!inflating.open) return fail(Code::kUnavailable, Side::kSelf, "no memory to inflate");
  stream.next_in = bytes_of(as_text(packed));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  std::array<char, 4096> piece;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    stream.next_out = bytes_of({piece.data(), piece.size()});
    stream.avail_out = piece.size();
    state = inflate(&stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END) return malformed(kFrom, "message is not DEFLATE");
    out.append(piece.data(), piece.size() - stream.avail_out);
    if (out.size() > bytes_max) return fail(Code::kTooLarge, kFrom, "message inflates to too much");
  }
  if (stream.avail_in != 0) return malformed(kFrom, "message has bytes behind its end");
  return out;
}

}  // namespace

Result<Bytes> xml_base64(std::string_view text) {
  std::string dense;
  dense.reserve(text.size());
  for (const char c : text)
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') dense.push_back(c);
  return base64_decode(dense);
}

Result<std::string> decode_posted(std::string_view text, size_t bytes_max) {
  if (text.size() > text_max(bytes_max)) return fail(Code::kTooLarge, kFrom, "message is too large");
  const auto bytes = xml_base64(text);
  if (!bytes) return malformed(kFrom, "message is not base64");
  if (bytes->size() > bytes_max) return fail(Code::kTooLarge, kFrom, "message is too large");
  return to_text(*bytes);
}

std::string encode_posted(std::string_view xml) { return base64_encode(as_bytes(xml)); }

Result<std::string> decode_redirected(std::string_view text, size_t bytes_max) {
  if (text.size() > text_max(bytes_max)) return fail(Code::kTooLarge, kFrom, "message is too large");
  const auto packed = xml_base64(text);
  if (!packed) return malformed(kFrom, "message is not base64");
  return inflated(*packed, bytes_max);
}

std::string encode_redirected(std::string_view xml) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawDeflate, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    std::abort();
  std::string out(deflateBound(&stream, xml.size()), '\0');
  stream.next_in = bytes_of(xml);
  stream.avail_in = static_cast<uInt>(xml.size());
  stream.next_out = bytes_of(out);
  stream.avail_out = static_cast<uInt>(out.size());
  const int state = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (state != Z_STREAM_END) std::abort();  // there was room for all of it
  return base64_encode(as_bytes(out));
}

}  // namespace sallyport::sso::saml
