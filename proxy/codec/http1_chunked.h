// The chunked transfer coding (RFC 9112 s7.1): a strict incremental reader, and the few bytes a writer needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "proxy/codec/http1_head.h"

namespace sallyport::http {

// Feed it bytes, get the data inside as views into them. Bounded: extensions and trailers have limits, sizes are hex
// digits only (at most 15), CRLF everywhere, no bare CR or LF, no white space around sizes.
class ChunkedReader {
 public:
  explicit ChunkedReader(size_t trailer_bytes_max = 8 * 1024, size_t extension_bytes_max = 256)
      : trailer_bytes_max_(trailer_bytes_max), extension_bytes_max_(extension_bytes_max) {}

  struct Step {
    size_t consumed = 0;    // bytes of `input` taken, `data` included
    std::string_view data;  // body bytes, a view into `input`; may be empty
    bool end = false;       // last chunk and trailers read
  };
  // Takes as much as it can up to the end of one run of data (call again with the rest until consumed == 0 or end).
  // errors: 400 bad size, bad line end, extension or trailers over their limit.
  std::expected<Step, Refusal> read(std::string_view input);

  // After end: the trailer section's raw bytes, checked, CRLF-terminated lines without the final empty one.
  const std::string& trailers() const { return trailers_; }

 private:
  enum class State : uint8_t { kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailer, kEnd };
  size_t trailer_bytes_max_;
  size_t extension_bytes_max_;
  State state_ = State::kSize;
  uint64_t left_ = 0;
  uint8_t digits_ = 0;
  size_t extension_bytes_ = 0;
  std::string trailers_;
};

// "1a\r\n" for a chunk of `size` bytes, written to `out` (at least 18 bytes); returns its length. The chunk's data is
// followed by "\r\n"; the body ends with "0\r\n" trailers "\r\n".
size_t write_chunk_size(uint64_t size, char* out);

}  // namespace sallyport::http
