#include "proxy/codec/proxy_protocol.h"

#include <gmock/gmock.h>

namespace sallyport::proxy {
namespace {

using testing::HasSubstr;

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
// 192.0.2.7:51234 to 198.51.100.1:443
const std::string kV4 = bytes({192, 0, 2, 7, 198, 51, 100, 1, 0xc8, 0x22, 1, 0xbb});
const std::string kV6 = bytes({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}) +  //
                        bytes({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}) +  //
                        bytes({0xc8, 0x22, 1, 0xbb});

std::string v2(int version_command, int family, const std::string& block) {
  return kSignature + bytes({version_command, family}) +
         bytes({static_cast<int>(block.size() >> 8), static_cast<int>(block.size() & 0xff)}) + block;
}
std::string v2_v4(const std::string& additions) { return v2(0x21, 0x11, kV4 + additions); }

std::string tlv(int type, const std::string& value) {
  return bytes({type, static_cast<int>(value.size() >> 8), static_cast<int>(value.size() & 0xff)}) + value;
}

// The verdict in words: "more", "refused: WHY", "LENGTH SOURCE" or "LENGTH -".
std::string verdict(std::string_view input) {
  const auto read = read_proxy_header(input);
  if (!read) return std::string("refused: ") + read.error();
  if (!*read) return "more";
  return std::to_string((*read)->bytes) + " " + ((*read)->source ? (*read)->source->to_string() : "-");
}

// Byte by byte: "more" up to some byte, and from there on the verdict of the whole, whatever follows.
void expect_the_same_however_it_is_cut(const std::string& input) {
  const std::string whole = verdict(input);
  bool decided = false;
  for (size_t size = 0; size <= input.size(); ++size) {
    const std::string part = verdict(std::string_view(input).substr(0, size));
    if (!decided && part == "more") continue;
    decided = true;
    ASSERT_EQ(part, whole) << "after " << size << " bytes";
  }
  if (decided) {
    EXPECT_EQ(verdict(input + "GET / HTTP/1.1\r\n"), whole);
    EXPECT_EQ(verdict(input + std::string(2000, '\0')), whole);
  }
}

struct Sound {
  std::string input;
  std::string source;  // "-": the socket's peer stays
};

std::vector<Sound> sound() {
  return {
      {"PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n", "192.0.2.7:51234"},
      {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 0 0\r\n", "192.0.2.7:0"},
      {"PROXY TCP6 2001:db8::7 2001:DB8::1 51234 443\r\n", "[2001:db8::7]:51234"},
      {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
      {"PROXY TCP6 ::ffff:192.0.2.7 ::1 51234 443\r\n", "192.0.2.7:51234"},
      {"PROXY TCP6 ::ffff:c000:207 ::1 51234 443\r\n", "192.0.2.7:51234"},
      {"PROXY UNKNOWN\r\n", "-"},
      {"PROXY UNKNOWN 192.0.2.7 198.51.100.1 51234 443\r\n", "-"},
      {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
       "-"},
      {v2_v4(""), "192.0.2.7:51234"},
      {v2(0x21, 0x21, kV6), "[2001:db8::7]:51234"},
      {v2(0x21, 0x21, std::string(10, '\0') + bytes({0xff, 0xff, 192, 0, 2, 7}) + kV6.substr(16)), "192.0.2.7:51234"},
      {v2_v4(tlv(1, "http/1.1")), "192.0.2.7:51234"},
      {v2_v4(tlv(4, "") + tlv(0xea, std::string(900, 'x'))), "192.0.2.7:51234"},
      {v2_v4(tlv(4, std::string(1024 - 16 - 12 - 3, 'x'))), "192.0.2.7:51234"},
      {v2(0x20, 0x00, ""), "-"},
      {v2(0x20, 0x11, kV4), "-"},
      {v2(0x20, 0x00, "three"), "-"},  // the block of a LOCAL header is skipped as it is
      {v2(0x20, 0xff, std::string(1024 - 16, 'x')), "-"},
  };
}

TEST(proxy_protocol, a_sound_header_gives_its_length_and_source) {
  EXPECT_EQ(sound()[9].input.size(), kProxyV1BytesMax) << "the longest line there is";
  for (const auto& [input, source] : sound())
    EXPECT_EQ(verdict(input), std::to_string(input.size()) + " " + source) << testing::PrintToString(input);
}

// The sum is the CRC-32C of the whole header with the sum itself as zeros, computed
// elsewhere, by table.
const std::string kSum = bytes({0xf1, 0xab, 0x89, 0x85});
const std::string kSumBehind = bytes({0xc8, 0xce, 0x60, 0x30});

TEST(proxy_protocol, a_checksum_that_is_there_must_fit) {
  const std::string good = v2_v4(tlv(3, kSum));
  EXPECT_EQ(verdict(good), std::to_string(good.size()) + " 192.0.2.7:51234");
  const std::string behind = v2_v4(tlv(1, "h2") + tlv(3, kSumBehind) + tlv(4, "x"));
  EXPECT_EQ(verdict(behind), std::to_string(behind.size()) + " 192.0.2.7:51234");
  for (size_t at = 12; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 1 << bit);
      // A changed type of the addition is an addition that nobody knows, a changed command is another header.
      if (at == 28 || (at == 12 && bit == 0)) continue;
      const std::string said = verdict(bad);
      EXPECT_TRUE(said.starts_with("refused: ") || said == "more") << at << ", bit " << bit << ": " << said;
    }
  }
  EXPECT_THAT(verdict(v2_v4(tlv(3, kSum) + tlv(3, kSum))), HasSubstr("checksum"));
  EXPECT_THAT(verdict(v2_v4(tlv(3, "abc"))), HasSubstr("not a checksum"));
  EXPECT_THAT(verdict(v2_v4(tlv(3, "abcde"))), HasSubstr("not a checksum"));
  EXPECT_THAT(verdict(v2_v4(tlv(3, ""))), HasSubstr("not a checksum"));
}

struct Bad {
  std::string input;
  const char* why;
};

std::vector<Bad> bad() {
  const std::string long_line = "PROXY UNKNOWN " + std::string(92, 'x');
  return {
      {"GET / HTTP/1.1\r\n\r\n", "no PROXY header"},
      {bytes({0x16, 3, 1, 2, 0}), "no PROXY header"},
      {" PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n", "no PROXY header"},
      {"\r\nPROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\n", "no PROXY header"},
      {"\n" + v2_v4(""), "no PROXY header"},
      {"\r\n" + v2_v4(""), "no PROXY header"},
      {"proxy TCP4 192.0.2.7 198.51.100.1 51234 443\r\n", "no PROXY header"},
      {"PROXY\tTCP4 192.0.2.7 198.51.100.1 51234 443\r\n", "no PROXY header"},
      {"PROXY\r\n", "no PROXY header"},
      {"PROXY \r\n", "unknown protocol"},
      {"PROXY  TCP4 192.0.2.7 198.51.100.1 51234 443\r\n", "unknown protocol"},
      {"PROXY tcp4 192.0.2.7 198.51.100.1 51234 443\r\n", "unknown protocol"},
      {"PROXY UDP4 192.0.2.7 198.51.100.1 51234 443\r\n", "unknown protocol"},
      {"PROXY TCP5 192.0.2.7 198.51.100.1 51234 443\r\n", "unknown protocol"},
      {"PROXY unknown\r\n", "unknown protocol"},
      {"PROXY UNKNOWNS\r\n", "unknown protocol"},
      {"PROXY UNKNOWN\t\r\n", "unknown protocol"},
      {"PROXY UNKNOWN \n\r\n", "control character"},
      {std::string("PROXY UNKNOWN \0\r\n", 17), "control character"},
      {"PROXY UNKNOWN \xc3\xa4\r\n", "control character"},
      {"PROXY UNKNOWN\rX\n", "bare CR"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\r\r\n", "bare CR"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 51234 443\n\r\n", "port"},
      {"PROXY TCP4\r\n", "address"},
      {"PROXY TCP4 192.0.2.7\r\n", "address"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1\r\n", "port"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 51234\r\n", "port"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 51234 \r\n", "port"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 51234 443 \r\n", "port"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 51234 443 x\r\n", "port"},
      {"PROXY TCP4 192.0.2.7  198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1  51234 443\r\n", "port"},
      {"PROXY TCP4 192.0.2.7\t198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP4 192.0.2.07 198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP4 192.0.2.7 198.51.100.01 51234 443\r\n", "address"},
      {"PROXY TCP4 0300.0.2.7 198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP4 0xc0000207 198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP4 3221225991 198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP4 192.519 198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP4 192.0.2.256 198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP4 2001:db8::7 2001:db8::1 51234 443\r\n", "address"},
      {"PROXY TCP4 ::ffff:192.0.2.7 198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP4 gate.localhost 198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP6 192.0.2.7 198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP6 2001:db8::7 198.51.100.1 51234 443\r\n", "address"},
      {"PROXY TCP6 [2001:db8::7] [2001:db8::1] 51234 443\r\n", "address"},
      {"PROXY TCP6 fe80::1%eth0 2001:db8::1 51234 443\r\n", "address"},
      {"PROXY TCP6 2001:db8::7::1 2001:db8::1 51234 443\r\n", "address"},
      {"PROXY TCP6 02001:db8::7 2001:db8::1 51234 443\r\n", "address"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n", "port"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 51234 65536\r\n", "port"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 051234 443\r\n", "port"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 51234 0443\r\n", "port"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 +1 443\r\n", "port"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 -1 443\r\n", "port"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 0x1 443\r\n", "port"},
      {"PROXY TCP4 192.0.2.7 198.51.100.1 99999999999999999999 443\r\n", "port"},
      {long_line + "\r\n", "too long"},
      {long_line + "x\n", "too long"},
      {long_line + "xx", "too long"},
      {kSignature + bytes({0x11, 0x11, 0, 12}) + kV4, "unknown version"},
      {kSignature + bytes({0x31, 0x11, 0, 12}) + kV4, "unknown version"},
      {kSignature + bytes({0x01, 0x11, 0, 12}) + kV4, "unknown version"},
      {v2(0x22, 0x11, kV4), "unknown command"},
      {v2(0x2f, 0x11, kV4), "unknown command"},
      {v2(0x21, 0x12, kV4), "datagrams"},
      {v2(0x21, 0x22, kV6), "datagrams"},
      {v2(0x21, 0x32, std::string(216, 'x')), "datagrams"},
      {v2(0x21, 0x31, std::string(216, 'x')), "unix socket"},
      {v2(0x21, 0x00, ""), "no address"},
      {v2(0x21, 0x00, kV4), "no address"},
      {v2(0x21, 0x10, kV4), "unknown family"},
      {v2(0x21, 0x01, kV4), "unknown family"},
      {v2(0x21, 0x13, kV4), "unknown family"},
      {v2(0x21, 0x41, kV4), "unknown family"},
      {v2(0x21, 0x11, ""), "too short"},
      {v2(0x21, 0x11, kV4.substr(1)), "too short"},
      {v2(0x21, 0x21, kV4), "too short"},
      {v2(0x21, 0x21, kV6.substr(1)), "too short"},
      {v2_v4("x"), "do not add up"},
      {v2_v4(bytes({4, 0})), "do not add up"},
      {v2_v4(bytes({4, 0, 1})), "do not add up"},
      {v2_v4(bytes({4, 0xff, 0xff}) + "x"), "do not add up"},
      {v2_v4(tlv(4, "xy") + "z"), "do not add up"},
      {v2_v4(tlv(4, std::string(1024 - 16 - 12 - 2, 'x'))), "too long"},
      {v2(0x20, 0x00, std::string(1024 - 16 + 1, 'x')), "too long"},
      {kSignature + bytes({0x21, 0x11, 0xff, 0xff}), "too long"},
  };
}

TEST(proxy_protocol, anything_else_is_refused) {
  for (const auto& [input, why] : bad()) {
    EXPECT_THAT(verdict(input), testing::StartsWith("refused: ")) << testing::PrintToString(input);
    EXPECT_THAT(verdict(input), HasSubstr(why)) << testing::PrintToString(input);
  }
}

TEST(proxy_protocol, how_the_bytes_are_cut_changes_nothing) {
  for (const auto& one : sound()) expect_the_same_however_it_is_cut(one.input);
  for (const auto& one : bad()) expect_the_same_however_it_is_cut(one.input);
}

TEST(proxy_protocol, another_beginning_is_refused_at_its_first_byte) {
  EXPECT_EQ(verdict(""), "more");
  EXPECT_THAT(verdict("G"), HasSubstr("no PROXY header"));
  EXPECT_THAT(verdict("\x16"), HasSubstr("no PROXY header"));
  EXPECT_THAT(verdict("PROXX"), HasSubstr("no PROXY header"));
  EXPECT_EQ(verdict("\r\n\r\n"), "more");
  EXPECT_THAT(verdict("\r\n\r\nG"), HasSubstr("no PROXY header"));
}

TEST(proxy_protocol, what_follows_is_left_to_the_connection) {
  for (const auto& [input, source] : sound())
    EXPECT_EQ(verdict(input + "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"), std::to_string(input.size()) + " " + source);
}

}  // namespace
}  // namespace sallyport::proxy
