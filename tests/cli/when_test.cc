// Durations and times as people type them.
#include "cli/when.h"

#include <gtest/gtest.h>

namespace sallyport::cli {
namespace {

using std::chrono::seconds;

TEST(when, durations_are_a_number_and_a_unit) {
  EXPECT_EQ(parse_duration("90s"), seconds(90));
  EXPECT_EQ(parse_duration("15m"), seconds(900));
  EXPECT_EQ(parse_duration("12h"), seconds(43200));
  EXPECT_EQ(parse_duration("30d"), seconds(30 * 86400));
  EXPECT_EQ(parse_duration("2w"), seconds(14 * 86400));
}

TEST(when, other_durations_are_refused) {
  for (const char* const text : {"", "d", "0s", "-1d", "1", "1 d", "d1", "1dd", "1.5h", "1d12h", "0x10s", "+1d", "1D",
                                 "soon", "99999999999999999999d", "9223372036854775807w", "36601d"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(when, times_are_rfc_3339_in_utc) {
  EXPECT_EQ(count(parse_time("1970-01-01").value()), 0);
  EXPECT_EQ(count(parse_time("1970-01-01T00:00:01Z").value()), 1'000'000);
  EXPECT_EQ(count(parse_time("2026-01-31T12:00:00.25Z").value()), 1'769'860'800'250'000);
  EXPECT_EQ(count(parse_time("2024-02-29").value()), 1'709'164'800'000'000);
}

TEST(when, other_times_are_refused) {
  for (const char* const text :
       {"", "2026", "2026-01", "2026-13-01", "2026-02-29", "2026-01-31T", "2026-01-31T12:00Z", "2026-01-31T12:00:00",
        "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:00+01:00", "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00.1234567Z", "2026-1-31", "20260131", "-026-01-31", "2026-01-31T12:00:00Z "})
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(when, what_is_shown_reads_back) {
  for (const int64_t micros : {int64_t{0}, int64_t{1}, int64_t{1'769'860'800'250'000}, int64_t{253402300799'999999}}) {
    EXPECT_EQ(parse_time(show_time_exactly(WallMicros{micros})), WallMicros{micros});
    EXPECT_EQ(parse_time(show_time(WallMicros{micros})), WallMicros{micros / 1'000'000 * 1'000'000});
  }
  EXPECT_EQ(show_time_exactly(WallMicros{1'769'860'800'250'000}), "2026-01-31T12:00:00.250000Z");
}

}  // namespace
}  // namespace sallyport::cli
