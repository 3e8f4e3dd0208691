#include "sso/cbor.h"

#include <gtest/gtest.h>

namespace sallyport::sso {
namespace {

Bytes of(std::string_view hex) { return *hex_decode(hex); }

bool skips(std::string_view hex) {
  const Bytes bytes = of(hex);
  CborReader reader(bytes);
  return reader.skip().has_value() && reader.rest().empty();
}

TEST(Cbor, reads_numbers_in_their_shortest_form_alone) {
  struct Row {
    const char* hex;
    int64_t value;
  };
  // RFC 8949 appendix A
  for (const Row& row : std::initializer_list<Row>{{"00", 0},
                                                   {"17", 23},
                                                   {"1818", 24},
                                                   {"18ff", 255},
                                                   {"190100", 256},
                                                   {"1a00010000", 65536},
                                                   {"1b000000e8d4a51000", 1000000000000},
                                                   {"20", -1},
                                                   {"3903e7", -1000},
                                                   {"390100", -257},
                                                   {"1b7fffffffffffffff", INT64_MAX},
                                                   {"3b7fffffffffffffff", INT64_MIN}}) {
    const Bytes bytes = of(row.hex);
    CborReader reader(bytes);
    EXPECT_EQ(reader.integer().value(), row.value) << row.hex;
    EXPECT_TRUE(reader.rest().empty());
  }
  for (const char* hex : {"1817", "190017", "1900ff", "1a0000ffff", "1b00000000ffffffff", "3800", "390001"}) {
    const Bytes bytes = of(hex);
    EXPECT_STREQ(CborReader(bytes).integer().error().what, "CBOR that is not in its shortest form") << hex;
  }
  for (const char* hex : {"1b8000000000000000", "3bffffffffffffffff"}) {
    const Bytes bytes = of(hex);
    EXPECT_STREQ(CborReader(bytes).integer().error().what, "a CBOR number too large") << hex;
  }
}

TEST(Cbor, lengths_have_one_form_too_and_end_within_the_input) {
  for (const char* hex : {"40", "4101", "5818000102030405060708090a0b0c0d0e0f1011121314151617"}) {
    const Bytes bytes = of(hex);
    EXPECT_TRUE(CborReader(bytes).bytes()) << hex;
  }
  for (const char* hex :
       {"", "41", "580101", "59", "5900", "5b00000000ffffffff00", "5bffffffffffffffff00", "5f4101ff", "6161", "01"}) {
    const Bytes bytes = of(hex);
    EXPECT_FALSE(CborReader(bytes).bytes()) << hex;
  }
}

TEST(Cbor, another_type_is_refused) {
  const Bytes map = of("a10102"), text = of("6161"), list = of("8101");
  EXPECT_EQ(CborReader(map).map().value(), 1u);
  EXPECT_EQ(CborReader(text).text().value(), "a");
  EXPECT_FALSE(CborReader(text).map());
  EXPECT_FALSE(CborReader(list).map());
  EXPECT_FALSE(CborReader(list).integer());
  EXPECT_FALSE(CborReader(map).text());
}

TEST(Cbor, reads_over_whole_items) {
  for (const char* hex : {"00", "40", "60", "80", "a0", "f4", "f5", "f6", "f97e00", "fa47c35000", "fb3ff199999999999a",
                          "826161820102", "a2616101616282414142ffff"})
    EXPECT_TRUE(skips(hex)) << hex;
}

TEST(Cbor, what_is_not_canonical_or_has_no_meaning_is_not_read_over) {
  for (const char* hex :
       {"c000", "d9d9f700", "f7", "f820", "f8ff", "e0", "ff", "9fff", "bfff", "7f6161ff", "1c", "fc", "81", "8201",
        "a101", "a1", "9b0000000000000001", "bbffffffffffffffff0101", "9bffffffffffffffff01"})
    EXPECT_FALSE(skips(hex)) << hex;
}

TEST(Cbor, depth_and_size_are_bounded) {
  std::string deep = "00";
  for (int i = 1; i < kCborDepthMax; ++i) deep = "81" + deep;
  EXPECT_TRUE(skips(deep));
  EXPECT_FALSE(skips("81" + deep));
  std::string abyss;
  for (int i = 0; i < 100000; ++i) abyss += "81";
  EXPECT_FALSE(skips(abyss));
  // Lists of lists that claim more than there is cost no more than what there is.
  std::string wide;
  for (int i = 0; i < 5000; ++i) wide += "9a00001000";
  EXPECT_FALSE(skips(wide));
}

}  // namespace
}  // namespace sallyport::sso
