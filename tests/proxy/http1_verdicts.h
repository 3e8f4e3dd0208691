// A table of request heads and the one verdict on each (0 = taken, else the status), and the property that holds for
// all of them: a prefix is "incomplete" or has the verdict of the whole, never another.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "proxy/codec/http1_head.h"

namespace sallyport::http::table {

struct Case {
  std::string bytes;
  int status;
};
using Table = std::vector<Case>;

inline std::string request(const std::string& line, const std::string& fields) {
  return line + "\r\n" + fields + "\r\n";
}
inline std::string with(const std::string& fields) { return request("GET / HTTP/1.1", "Host: a\r\n" + fields); }
inline std::string post(const std::string& fields) { return request("POST / HTTP/1.1", "Host: a\r\n" + fields); }
inline std::string target(const std::string& target, const std::string& host = "a") {
  return request("GET " + target + " HTTP/1.1", "Host: " + host + "\r\n");
}

// What the reader and the framing pass say: -1 more bytes needed, 0 taken, else the status.
inline int verdict(std::string_view bytes, const HeadLimits& limits = {}) {
  const std::unique_ptr<char[]> exact(new char[bytes.size()]);  // so that the sanitizer sees a byte read too far
  std::copy(bytes.begin(), bytes.end(), exact.get());
  Head head;
  const auto length = parse_request_head({exact.get(), bytes.size()}, limits, head);
  if (!length) return length.error().status;
  if (*length == 0) return -1;
  EXPECT_EQ(*length, bytes.size());
  const auto framing = request_framing(head);
  return framing ? 0 : framing.error().status;
}

inline std::string shown(const std::string& bytes) { return testing::PrintToString(bytes.substr(0, 300)); }

inline void expect_verdicts(const Table& table, const HeadLimits& limits = {}) {
  for (const Case& c : table) {
    EXPECT_EQ(verdict(c.bytes, limits), c.status) << shown(c.bytes);
    Head head;
    const auto whole = parse_request_head(c.bytes, limits, head);
    bool decided = false;
    for (size_t n = 0; n < c.bytes.size(); ++n) {
      const auto part = parse_request_head(std::string_view(c.bytes).substr(0, n), limits, head);
      if (part && *part == 0) {
        EXPECT_FALSE(decided) << "undecided again at " << n << ": " << shown(c.bytes);
        continue;
      }
      decided = true;
      ASSERT_FALSE(part.has_value()) << "taken at " << n << ": " << shown(c.bytes);
      ASSERT_FALSE(whole.has_value()) << "refused at " << n << ": " << shown(c.bytes);
      EXPECT_EQ(part.error().status, whole.error().status) << n << ": " << shown(c.bytes);
      EXPECT_STREQ(part.error().what, whole.error().what) << n << ": " << shown(c.bytes);
    }
  }
}

}  // namespace sallyport::http::table
