#include "sso/cbor.h"

#include <limits>

namespace sallyport::sso {
namespace {

constexpr uint8_t kDirect = 24;              // arguments below stand in the first byte itself
constexpr uint8_t kLongest = 27;             // 8 more bytes; above are what is reserved and indefinite lengths
constexpr uint64_t kFalse = 20, kNull = 22;  // and true between them; other simple values have no meaning here

std::unexpected<Error> broken(const char* what) { return malformed(Side::kClient, what); }

}  // namespace

Result<ByteView> CborReader::take(uint64_t count) {
  if (count > rest_.size()) return broken("CBOR that is cut off");
  const ByteView out = rest_.first(static_cast<size_t>(count));
  rest_ = rest_.subspan(out.size());
  return out;
}

Result<CborReader::Head> CborReader::head() {
  TRY(const ByteView first, take(1));
  const auto byte = std::to_integer<uint8_t>(first[0]);
  const uint8_t info = byte & 0x1f;
  Head out{static_cast<Major>(byte >> 5), 0, info};
  if (info < kDirect) return out;
  if (info > kLongest) return broken("CBOR of indefinite length, or reserved");
  out.extra = static_cast<uint8_t>(1 << (info - kDirect));
  TRY(const ByteView argument, take(out.extra));
  out.value = 0;
  for (const std::byte part : argument) out.value = out.value << 8 | std::to_integer<uint8_t>(part);
  // The shortest form, and no other: what fits into half the bytes, or into the first one, has to stand there.
  const uint64_t least = out.extra == 1 ? kDirect : uint64_t{1} << (4 * out.extra);
  if (out.value < least && out.major != Major::kSimple) return broken("CBOR that is not in its shortest form");
  return out;
}

Result<CborReader::Head> CborReader::head_of(Major wanted) {
  TRY(const Head read, head());
  if (read.major != wanted) return broken("CBOR of another type than is wanted");
  return read;
}

Result<int64_t> CborReader::integer() {
  TRY(const Head read, head());
  if (read.value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return broken("a CBOR number too large");
  const auto value = static_cast<int64_t>(read.value);
  if (read.major == Major::kUnsigned) return value;
  if (read.major == Major::kNegative) return -1 - value;
  return broken("CBOR of another type than is wanted");
}

Result<ByteView> CborReader::bytes() {
  TRY(const Head read, head_of(Major::kBytes));
  return take(read.value);
}

Result<std::string_view> CborReader::text() {
  TRY(const Head read, head_of(Major::kText));
  TRY(const ByteView out, take(read.value));
  return as_text(out);
}

Result<size_t> CborReader::map() {
  TRY(const Head read, head_of(Major::kMap));
  if (read.value > rest_.size() / 2) return broken("CBOR that is cut off");  // a pair has two bytes at least
  return static_cast<size_t>(read.value);
}

Result<void> CborReader::skip(int depth) {
  if (depth == 0) return broken("CBOR that is nested too deeply");
  TRY(const Head read, head());
  uint64_t items = 0;
  switch (read.major) {
    case Major::kUnsigned:
    case Major::kNegative:
      return {};
    case Major::kBytes:
    case Major::kText: {
      CHECKED(take(read.value));
      return {};
    }
    case Major::kArray:
    case Major::kMap:
      if (read.value > rest_.size()) return broken("CBOR that is cut off");
      items = read.major == Major::kMap ? 2 * read.value : read.value;
      for (; items > 0; --items) CHECKED(skip(depth - 1));
      return {};
    case Major::kTag:
      return broken("a CBOR tag");
    case Major::kSimple:
      // With 2, 4 or 8 bytes behind it, it is a floating point number: nothing that is read over is wrong by its value.
      if (read.extra > 1 || (read.extra == 0 && read.value >= kFalse && read.value <= kNull)) return {};
      return broken("a CBOR value without a meaning");
  }
  return broken("CBOR of no type");
}

}  // namespace sallyport::sso
