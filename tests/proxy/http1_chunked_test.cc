// The chunked coding: whatever way the bytes arrive, the data and the verdict are the same.
#include "proxy/codec/http1_chunked.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::http {
namespace {

using std::string;
using namespace std::string_literals;

struct Outcome {
  string data;
  string trailers;
  string refused;  // why
  bool end = false;
  size_t consumed = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};
std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << testing::PrintToString(outcome.data) << " trailers " << testing::PrintToString(outcome.trailers)
             << " refused '" << outcome.refused << "' end " << outcome.end << " consumed " << outcome.consumed;
}

// Feeds `pieces` one after the other; stops at the end or a refusal.
Outcome read_pieces(const std::vector<std::string_view>& pieces, ChunkedReader reader = ChunkedReader()) {
  Outcome out;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const auto step = reader.read(piece);
      if (!step) {
        EXPECT_EQ(step.error().status, 400);
        out.refused = step.error().what;
        out.consumed = 0;  // how far it came is nobody's concern
        return out;
      }
      out.data += step->data;
      out.consumed += step->consumed;
      piece.remove_prefix(step->consumed);
      if (step->end) {
        out.end = true;
        out.trailers = reader.trailers();
        return out;
      }
      if (step->consumed == 0) {
        ADD_FAILURE() << "stands still";
        return out;
      }
    }
  }
  return out;
}

Outcome read_whole(std::string_view bytes) { return read_pieces({bytes}); }

void expect_same_for_every_split(const string& bytes) {
  const Outcome whole = read_whole(bytes);
  const std::string_view view = bytes;
  std::vector<std::string_view> single;
  for (size_t i = 0; i < bytes.size(); ++i) single.push_back(view.substr(i, 1));
  EXPECT_EQ(read_pieces(single), whole) << testing::PrintToString(bytes);
  for (size_t i = 0; i <= bytes.size(); ++i)
    for (size_t k = i; k <= bytes.size(); ++k)
      EXPECT_EQ(read_pieces({view.substr(0, i), view.substr(i, k - i), view.substr(k)}), whole)
          << i << " " << k << " " << testing::PrintToString(bytes);
}

TEST(http1_chunked, gives_the_same_for_every_split) {
  const string table[] = {
      "0\r\n\r\n",
      "0\r\n\r\nGET / HTTP/1.1\r\n",
      "5\r\nhello\r\n0\r\n\r\n",
      "5\r\nhel\r\n\r\n6\r\n world\r\n000\r\nA: b\r\nC:\r\n\r\nrest",
      "a;x=y;z=\"\xe9;\"\r\n0123456789\r\nA\r\n0123456789\r\n0;last\r\n\r\n",
      "5\r\nhello0\r\n\r\n",
      "5\r\nhello\r\n0\r\nA : b\r\n\r\n",
      "5\nhello\r\n0\r\n\r\n",
      "0\r\nA: b\r\n\n",
  };
  for (const string& bytes : table) expect_same_for_every_split(bytes);
}

TEST(http1_chunked, gives_data_trailers_and_the_end) {
  const Outcome out = read_whole("5\r\nhello\r\n00F\r\n, wonderful wor\r\n2\r\nld\r\n0\r\nA: b\r\nx_y:\r\n\r\nnext");
  EXPECT_EQ(out.data, "hello, wonderful world");
  EXPECT_EQ(out.trailers, "A: b\r\nx_y:\r\n");
  EXPECT_TRUE(out.end);
  EXPECT_EQ(read_whole("0\r\n\r\nnext").consumed, 5u);  // the next message is left alone
}

TEST(http1_chunked, hands_on_data_without_waiting_for_the_rest) {
  ChunkedReader reader;
  const auto step = reader.read("fffffffffffffff\r\nabc");
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->data, "abc");
  EXPECT_EQ(reader.read("def")->data, "def");
}

TEST(http1_chunked, stays_at_its_end) {
  ChunkedReader reader;
  EXPECT_TRUE(reader.read("0\r\n\r\n")->end);
  const auto again = reader.read("5\r\nhello\r\n");
  EXPECT_TRUE(again->end);
  EXPECT_EQ(again->consumed, 0u);
  EXPECT_TRUE(reader.read("")->end);
}

TEST(http1_chunked, refuses_what_could_be_read_in_two_ways) {
  const string table[] = {
      "\r\n",
      "\r\n5\r\nhello\r\n",
      "g\r\n",
      "-1\r\n",
      "+5\r\nhello\r\n",
      "0x5\r\nhello\r\n",
      "5h\r\nhello\r\n",
      " 5\r\nhello\r\n",
      "\t5\r\nhello\r\n",
      "5 \r\nhello\r\n",
      "5\t\r\nhello\r\n",
      "5 ;x\r\nhello\r\n",
      "5,5\r\nhello\r\n",
      "5.0\r\nhello\r\n",
      "5_0\r\nhello\r\n",
      "\"5\"\r\nhello\r\n",
      ";x\r\n",
      "\xd9\xa5\r\nhello\r\n",  // an Arabic five
      "5\nhello\r\n0\r\n\r\n",  // bare LF after the size
      "5\rhello\r\n0\r\n\r\n",  // bare CR after the size
      "5\r\rhello\r\n0\r\n\r\n",
      "5\n\rhello\r\n",
      "5\0\r\nhello\r\n"s,
      "5;x\nhello\r\n0\r\n\r\n",  // bare LF after an extension
      "5;x\rhello\r\n0\r\n\r\n",
      "5;x\r\rhello\r\n0\r\n\r\n",
      "5;x=\"\n\"\r\nhello\r\n",
      "5;x=\"\r\n\"\r\nhello\r\n",
      "5;x\0\r\nhello\r\n"s,
      "5;x\x01\r\nhello\r\n",
      "5;x\x7f\r\nhello\r\n",
      "5\r\nhello\n0\r\n\r\n",  // bare LF after the data
      "5\r\nhello\r0\r\n\r\n",
      "5\r\nhello\rX0\r\n\r\n",
      "5\r\nhelloX\n0\r\n\r\n",
      "5\r\nhelloXX0\r\n\r\n",
      "5\r\nhello\r\r\n0\r\n\r\n",
      "5\r\nhello0\r\n\r\n",       // no line end after the data
      "5\r\nhello!\r\n0\r\n\r\n",  // more data than announced
      "6\r\nhello\r\n0\r\n\r\n",   // less
      "5\r\nhello\r\n\r\n",        // an empty size
      "5\r\nhello\r\n\n",
      "0\r\n\n",  // bare LF for the last line
      "0\n\r\n",
      "0\r\n\rX\r\n",
      "0\r\nA: b\n\r\n",
      "0\r\nA: b\rX\r\n\r\n",
      "0\r\nA : b\r\n\r\n",
      "0\r\n A: b\r\n\r\n",
      "0\r\nA: b\r\n c\r\n\r\n",
      "0\r\nA\r\n\r\n",
      "0\r\n: b\r\n\r\n",
      "0\r\nA: b\0\r\n\r\n"s,
      "0\r\nA: b\x01\r\n\r\n",
      "0000000000000005\r\nhello\r\n",  // 16 digits
      "ffffffffffffffff\r\n",
      "10000000000000005\r\n",
      "00000000000000000\r\n\r\n",
  };
  for (const string& bytes : table) {
    const Outcome out = read_whole(bytes);
    EXPECT_NE(out.refused, "") << testing::PrintToString(bytes);
    EXPECT_FALSE(out.end) << testing::PrintToString(bytes);
    expect_same_for_every_split(bytes);
  }
  EXPECT_EQ(read_whole("000000000000005\r\nhello\r\n0\r\n\r\n").data, "hello");  // 15 digits
}

TEST(http1_chunked, bounds_extensions) {
  const auto chunk = [](size_t extension, size_t size) {
    char digits[18];
    const size_t length = write_chunk_size(size, digits);
    return string(digits, length - 2) + ";" + string(extension, 'x') + "\r\n" + string(size, 'd') + "\r\n";
  };
  const string end = "0\r\n\r\n";
  EXPECT_TRUE(read_whole(chunk(256, 1) + end).end);
  EXPECT_EQ(read_whole(chunk(257, 1) + end).refused, "chunk extensions are too long");
  EXPECT_TRUE(read_whole(chunk(128, 1) + chunk(128, 1) + end).end);
  EXPECT_NE(read_whole(chunk(128, 1) + chunk(129, 1) + end).refused, "");  // small chunks cannot carry much beside them
  EXPECT_TRUE(read_whole(chunk(200, 1024) + chunk(200, 1024) + chunk(200, 1) + end).end);
  EXPECT_NE(read_whole("0;" + string(257, 'x') + "\r\n\r\n").refused, "");
  EXPECT_NE(read_whole("5;" + string(100000, 'x')).refused, "");
}

TEST(http1_chunked, bounds_trailers) {
  const auto read = [](const string& bytes) { return read_pieces({bytes}, ChunkedReader(64)); };
  const auto of_length = [](size_t n) { return "A: " + string(n - 7, 'x') + "\r\n\r\n"; };
  EXPECT_TRUE(read("0\r\n" + of_length(64)).end);
  EXPECT_EQ(read("0\r\n" + of_length(65)).refused, "trailers are too long");
  EXPECT_NE(read("0\r\n" + string(65, 'x')).refused, "");
  string many = "0\r\n";
  for (int i = 0; i < 101; ++i) many += "A: b\r\n";
  EXPECT_EQ(read_whole(many + "\r\n").refused, "too many fields");
}

TEST(http1_chunked, writes_sizes_that_it_reads) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{15}, uint64_t{16}, uint64_t{0x1a}, uint64_t{65536},
                              uint64_t{0xfffffffffffffff}}) {
    char line[18];
    const size_t length = write_chunk_size(size, line);
    EXPECT_EQ(std::stoull(string(line, length), nullptr, 16), size);
    EXPECT_EQ(string(line + length - 2, 2), "\r\n");
  }
  char line[18];
  EXPECT_EQ(string(line, write_chunk_size(0x1a, line)), "1a\r\n");
  EXPECT_EQ(string(line, write_chunk_size(~uint64_t{0}, line)), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace sallyport::http
