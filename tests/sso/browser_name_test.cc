#include "sso/browser_name.h"

#include <gtest/gtest.h>

namespace sallyport::sso {
namespace {

TEST(BrowserName, reads_what_people_have) {
  struct Row {
    const char* user_agent;
    const char* name;
  };
  const Row table[] = {
      {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"},
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 "
       "Safari/537.36",
       "Chrome on Windows"},
      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 "
       "Safari/537.36 "
       "Edg/139.0.0.0",
       "Edge on Windows"},
      {"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
       "Mobile/15E148 Safari/604.1",
       "Safari on iPhone"},
      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
       "Safari/605.1.15",
       "Safari on Mac"},
      {"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile "
       "Safari/537.36",
       "Chrome on Android"},
      {"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/139.0 "
       "Mobile/15E148 Safari/604.1",
       "Chrome on iPhone"},
      {"curl/8.14.1", "curl"},
      {"python-requests/2.32", "python-requests"},
  };
  for (const auto& [user_agent, name] : table) EXPECT_EQ(browser_name(user_agent), name) << user_agent;
}

TEST(BrowserName, says_something_short_of_anything) {
  EXPECT_EQ(browser_name(""), "an unnamed program");
  EXPECT_EQ(browser_name("/"), "an unnamed program");
  EXPECT_EQ(browser_name("Mozilla/5.0 (compatible)"), "a browser");
  EXPECT_LE(browser_name(std::string(200, 'x')).size(), 60u);
}

}  // namespace
}  // namespace sallyport::sso
