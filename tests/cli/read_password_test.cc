// A password on standard input is its first line.
#include "cli/read_password.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sallyport::cli {
namespace {

TEST(password_line, is_the_first_one_without_its_ending) {
  const std::pair<std::string, const char*> table[] = {
      {"secret\n", "secret"}, {"secret", "secret"}, {"secret\r\n", "secret"}, {" with space \nmore", " with space "}};
  for (const auto& [text, wanted] : table) {
    std::istringstream in(text);
    const auto password = read_password_line(in);
    ASSERT_TRUE(password) << text;
    EXPECT_EQ(password->reveal(), wanted);
  }
}

TEST(password_line, none_and_one_without_end_are_refused) {
  for (const std::string& text :
       {std::string(), std::string("\n"), std::string("\r\n"), std::string("\nx"), std::string(100000, 'x')}) {
    std::istringstream in(text);
    EXPECT_FALSE(read_password_line(in)) << text.size();
  }
}

}  // namespace
}  // namespace sallyport::cli
