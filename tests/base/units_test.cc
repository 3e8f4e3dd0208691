#include "base/units.h"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

using std::chrono::milliseconds;

TEST(Units, numbers) {
  EXPECT_EQ(parse_number("0"), 0u);
  EXPECT_EQ(parse_number("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_number("18446744073709551616").error().code, Code::kLimit);
  for (const char* bad : {"", "-1", "+1", "01", "00", " 1", "1 ", "1.0", "0x1", "1e3", "1_000", "١"})
    EXPECT_EQ(parse_number(bad).error().code, Code::kMalformed) << bad;
}

TEST(Units, durations) {
  struct Row {
    const char* text;
    int64_t ms;
  };
  for (const Row& row :
       {Row{"0s", 0}, {"1ms", 1}, {"30s", 30'000}, {"15m", 900'000}, {"12h", 43'200'000}, {"14d", 1'209'600'000}})
    EXPECT_EQ(parse_duration(row.text), milliseconds{row.ms}) << row.text;
  for (const char* bad :
       {"", "s", "30", "30 s", "30S", "-30s", "+30s", "1.5h", "1h30m", "30sec", "1w", "1M", "030s", "s30", "30s\n"})
    EXPECT_EQ(parse_duration(bad).error().code, Code::kMalformed) << bad;
  EXPECT_TRUE(parse_duration("36600d"));
  for (const char* large : {"36601d", "99999999999999d", "99999999999999999999999s", "18446744073709551615ms"})
    EXPECT_EQ(parse_duration(large).error().code, Code::kLimit) << large;
}

TEST(Units, sizes) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("512"), 512u);
  EXPECT_EQ(parse_size("512B"), 512u);
  EXPECT_EQ(parse_size("32KiB"), 32768u);
  EXPECT_EQ(parse_size("16MiB"), 16777216u);
  EXPECT_EQ(parse_size("1GiB"), 1073741824u);
  for (const char* bad : {"", "B", "KiB", "32KB", "32K", "32kib", "1.5MiB", "-1B", "1 KiB", "01B", "1TiB"})
    EXPECT_EQ(parse_size(bad).error().code, Code::kMalformed) << bad;
  EXPECT_TRUE(parse_size("1048576GiB"));
  for (const char* large : {"1048577GiB", "18446744073709551615GiB", "99999999999999999999B"})
    EXPECT_EQ(parse_size(large).error().code, Code::kLimit) << large;
}

TEST(Units, the_way_back) {
  for (const char* text : {"0s", "1ms", "1500ms", "90s", "15m", "25h", "14d"})
    EXPECT_EQ(to_duration_text(parse_duration(text).value()), text);
  EXPECT_EQ(to_duration_text(milliseconds{3'600'000}), "1h");
  for (const char* text : {"0B", "1B", "1025B", "32KiB", "3GiB"})
    EXPECT_EQ(to_size_text(parse_size(text).value()), text);
}

}  // namespace
}  // namespace sallyport
