// Tables for people: aligned, and nothing stored reaches the terminal as a control byte.
#include "cli/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sallyport::cli {
namespace {

TEST(table, columns_are_aligned_by_characters) {
  Table table({"NAME", "WHO"});
  table.add({"k\xc3\xbchl", "a"});
  table.add({"longer", ""});
  std::ostringstream out;
  table.print(out);
  EXPECT_EQ(out.str(), "NAME    WHO\nk\xc3\xbchl    a\nlonger\n");
}

TEST(table, control_bytes_are_spelled) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(printable("a\nb\r\t\x7f"), "a\\x0ab\\x0d\\x09\\x7f");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "31m"),
            "a\\x9b31m");
  EXPECT_EQ(printable("a\xc2\xa0"
                      "b \xe2\x82\xac"),
            "a\xc2\xa0"
            "b \xe2\x82\xac");
}

}  // namespace
}  // namespace sallyport::cli
