// Chunked bodies: the same data and end however the bytes are split, the same as a plain decoder's, and what is written
// anew reads back. The first two bytes choose the splits.
#include <algorithm>
#include <optional>

#include "proxy/codec/http1_chunked.h"
#include "tests/fuzz/require.h"

using namespace sallyport::http;

namespace {

struct Outcome {
  std::string data;
  std::string trailers;
  const char* refused = nullptr;
  bool end = false;
  size_t consumed = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome read_in_steps(std::string_view input, size_t step, size_t growth) {
  ChunkedReader reader(256, 32);
  Outcome out;
  while (!input.empty()) {
    const std::string_view piece = input.substr(0, std::max<size_t>(1, step));
    const auto got = reader.read(piece);
    if (!got) {
      require(got.error().status == 400);
      out.refused = got.error().what;
      out.consumed = 0;
      return out;
    }
    require(got->consumed <= piece.size() && got->data.size() <= got->consumed);
    require(got->consumed > 0 || got->end);
    out.data += got->data;
    out.consumed += got->consumed;
    input.remove_prefix(got->consumed);
    if (got->end) {
      out.end = true;
      out.trailers = reader.trailers();
      return out;
    }
    step += growth;
  }
  return out;
}

// Of a body that is known to be good: sizes by the book, one line after the other.
std::optional<std::string> plain_decode(std::string_view input) {
  std::string out;
  for (;;) {
    const size_t line = input.find("\r\n");
    if (line == input.npos) return std::nullopt;
    const size_t size = std::stoull(std::string(input.substr(0, line)), nullptr, 16);
    input.remove_prefix(line + 2);
    if (size == 0) return out;
    if (input.size() < size + 2) return std::nullopt;
    out += input.substr(0, size);
    if (input.substr(size, 2) != "\r\n") return std::nullopt;
    input.remove_prefix(size + 2);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view input = fuzz_text(data + 2, size - 2);
  const Outcome whole = read_in_steps(input, input.size() + 1, 0);
  require(read_in_steps(input, 1, 0) == whole);
  require(read_in_steps(input, data[0] % 32 + 1u, data[1] % 8) == whole);
  if (!whole.end) return 0;
  require(plain_decode(input) == whole.data);
  require(whole.trailers.empty() || whole.trailers.ends_with("\r\n"));

  std::string again;
  const size_t chunk = data[0] + 1u;
  for (size_t at = 0; at < whole.data.size(); at += chunk) {
    const std::string_view part = std::string_view(whole.data).substr(at, chunk);
    char line[18];
    again.append(line, write_chunk_size(part.size(), line)).append(part).append("\r\n");
  }
  again += "0\r\n" + whole.trailers + "\r\n";
  const Outcome second = read_in_steps(again, again.size(), 0);
  require(second.end && second.data == whole.data && second.trailers == whole.trailers);
  require(second.consumed == again.size());
  return 0;
}
