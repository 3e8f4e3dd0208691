#include "proxy/codec/http1_chunked.h"

#include <algorithm>

namespace sallyport::http {
namespace {

constexpr uint8_t kSizeDigitsMax = 15;
constexpr uint64_t kLargeChunkBytes = 1024;

std::unexpected<Refusal> refuse(const char* what) { return std::unexpected(Refusal{400, what}); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool extension_byte(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

}  // namespace

std::expected<ChunkedReader::Step, Refusal> ChunkedReader::read(std::string_view input) {
  Step step;
  while (step.consumed < input.size()) {
    const char c = input[step.consumed];
    switch (state_) {
      case State::kSize:
        if (const int digit = hex_digit(c); digit >= 0) {
          if (digits_ == kSizeDigitsMax) return refuse("chunk size has too many digits");
          ++digits_;
          left_ = left_ << 4 | static_cast<uint64_t>(digit);
        } else if (digits_ == 0) {
          return refuse("chunk without a size");
        } else if (c == ';') {
          state_ = State::kExtension;
        } else if (c == '\r') {
          state_ = State::kSizeLf;
        } else {
          return refuse("bad byte in a chunk size");
        }
        ++step.consumed;
        break;
      case State::kExtension:
        if (c == '\r') {
          state_ = State::kSizeLf;
        } else if (!extension_byte(c)) {
          return refuse("control byte in a chunk extension");
        } else if (++extension_bytes_ > extension_bytes_max_) {
          return refuse("chunk extensions are too long");
        }
        ++step.consumed;
        break;
      case State::kSizeLf:
        if (c != '\n') return refuse("bare CR after a chunk size");
        state_ = left_ > 0 ? State::kData : State::kTrailer;
        if (left_ >= kLargeChunkBytes) extension_bytes_ = 0;
        digits_ = 0;
        ++step.consumed;
        break;
      case State::kData: {
        step.data =
            input.substr(step.consumed, static_cast<size_t>(std::min<uint64_t>(left_, input.size() - step.consumed)));
        step.consumed += step.data.size();
        left_ -= step.data.size();
        if (left_ == 0) state_ = State::kDataCr;
        return step;
      }
      case State::kDataCr:
        if (c != '\r') return refuse("chunk is longer than its size");
        state_ = State::kDataLf;
        ++step.consumed;
        break;
      case State::kDataLf:
        if (c != '\n') return refuse("bare CR after a chunk");
        state_ = State::kSize;
        ++step.consumed;
        break;
      case State::kTrailer: {
        const size_t line_end = input.find('\n', step.consumed);
        const size_t end = line_end == input.npos ? input.size() : line_end + 1;
        const std::string_view piece = input.substr(step.consumed, end - step.consumed);
        if (piece.size() > trailer_bytes_max_ - trailers_.size()) return refuse("trailers are too long");
        trailers_ += piece;
        step.consumed = end;
        if (line_end == input.npos) return step;
        HeadLimits limits;
        limits.head_bytes_max = trailer_bytes_max_ + 1;
        limits.underscores = Underscores::kKeep;
        Head head;
        const auto length = parse_trailers(trailers_, limits, head);
        if (!length) return refuse(length.error().what);
        if (*length == 0) break;
        trailers_.resize(trailers_.size() - 2);  // the empty line
        state_ = State::kEnd;
        step.end = true;
        return step;
      }
      case State::kEnd:
        step.end = true;
        return step;
    }
  }
  step.end = state_ == State::kEnd;
  return step;
}

size_t write_chunk_size(uint64_t size, char* out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  size_t length = 0;
  int shift = 60;
  while (shift > 0 && size >> shift == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) out[length++] = kDigits[size >> shift & 15];
  out[length++] = '\r';
  out[length++] = '\n';
  return length;
}

}  // namespace sallyport::http
