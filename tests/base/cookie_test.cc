// Cookie and Set-Cookie fields, and form bodies.
#include "base/http/cookie.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::http {
namespace {

using std::string;

string pairs(std::string_view field) {
  string out;
  for_each_cookie(field, [&](const CookiePair& pair) {
    out += string(pair.name) + "|" + string(pair.value) + ";";
    return true;
  });
  return out;
}

TEST(for_each_cookie, gives_pairs_in_order) {
  EXPECT_EQ(pairs("a=b; c=d"), "a|b;c|d;");
  EXPECT_EQ(pairs("a=b;c=d"), "a|b;c|d;");
  EXPECT_EQ(pairs(" a=b ;\tc=d\t"), "a|b;c|d;");
  EXPECT_EQ(pairs("a=b=c; a=2; A=3"), "a|b=c;a|2;A|3;");
  EXPECT_EQ(pairs("a=\"b c\""), "a|\"b c\";");
  EXPECT_EQ(pairs("a=; =b; c"), "a|;|b;|c;");
  EXPECT_EQ(pairs(";; ; a=b;"), "a|b;");
  EXPECT_EQ(pairs(""), "");
  EXPECT_EQ(pairs(" "), "");
}

TEST(for_each_cookie, stops_when_told) {
  int seen = 0;
  for_each_cookie("a=1; b=2; c=3", [&](const CookiePair& pair) {
    ++seen;
    return pair.name != "b";
  });
  EXPECT_EQ(seen, 2);
}

TEST(append_cookies_without, takes_out_the_gateways_own) {
  const std::pair<const char*, const char*> table[] = {
      {"__Host-sallyport=x", ""},
      {"a=b; __Host-sallyport=x; c=d", "a=b; c=d"},
      {"__Host-sallyport=x; a=b", "a=b"},
      {"a=b; __Host-sallyport=x", "a=b"},
      {"a=b;__HOST-SALLYPORT-flow=x;c=d", "a=b; c=d"},
      {"a=b; __host-sallyport; c=d", "a=b; c=d"},
      {"=__Host-sallyport=x; a=b", "a=b"},  // a nameless cookie that is sent as its value alone
      {"a=__Host-sallyport=x", "a=__Host-sallyport=x"},
      {"__Host-sallypor=x", "__Host-sallypor=x"},
      {"x__Host-sallyport=x", "x__Host-sallyport=x"},
      {"\t__Host-sallyport=x", ""},
      {"a=\"x; __Host-sallyport=y\"", "a=\"x"},
      {"a", "a"},
      {"a=b=c; d=", "a=b=c; d="},
      {"", ""},
      {" ; ;", ""},
  };
  for (const auto& [field, expected] : table) {
    string out = "Cookie: ";
    EXPECT_EQ(append_cookies_without(field, "__Host-sallyport", out), *expected != '\0') << field;
    EXPECT_EQ(out, string("Cookie: ") + expected) << field;
  }
}

TEST(read_set_cookie, gives_name_and_domain) {
  const struct {
    const char* value;
    const char* name;
    bool domain;
  } table[] = {
      {"a=b", "a", false},
      {"a=b; Path=/; Secure; HttpOnly", "a", false},
      {"a=b; Domain=example.test", "a", true},
      {"a=b;domain=example.test", "a", true},
      {"a=b; \tDOMAIN\t = x", "a", true},
      {"a=b; Domain", "a", true},
      {"a=b; Domain=", "a", true},
      {"a=b; x=domain", "a", false},
      {"a=b; xdomain=y", "a", false},
      {"domain=b", "domain", false},
      {" a =b=c", "a", false},
      {"a=", "a", false},
      {"a=\"x; Domain=y\"", "a", true},  // quotes protect nothing (RFC 6265 s5.2)
      {"a=b;;;", "a", false},
  };
  for (const auto& c : table) {
    const auto facts = read_set_cookie(c.value);
    ASSERT_TRUE(facts.has_value()) << c.value;
    EXPECT_EQ(facts->name, c.name);
    EXPECT_EQ(facts->has_domain, c.domain) << c.value;
  }
  for (const char* value : {"", "a", "=b", " =b", ";a=b", "; Domain=x", "a; b=c"})
    EXPECT_FALSE(read_set_cookie(value).has_value()) << value;
}

TEST(parse_form, decodes_fields) {
  const auto form = parse_form("user=al%69ce+b&password=%26%3D%2B%25&empty=&flag&&user=2&%c3%a9=1");
  ASSERT_TRUE(form.has_value());
  const FormFields expected = {{"user", "alice b"}, {"password", "&=+%"}, {"empty", ""},
                               {"flag", ""},        {"user", "2"},        {"\xc3\xa9", "1"}};
  EXPECT_EQ(*form, expected);
  EXPECT_EQ(*find_field(*form, "password"), "&=+%");
  EXPECT_EQ(find_field(*form, "user"), nullptr);  // twice: whose is it?
  EXPECT_EQ(find_field(*form, "none"), nullptr);
  EXPECT_TRUE(parse_form("")->empty());
}

TEST(parse_form, refuses_bad_percent_signs_and_too_many_fields) {
  for (const char* body : {"a=%", "a=%4", "a=%4g", "%zz=1", "a=1&b=%%30"})
    EXPECT_EQ(parse_form(body).error().code, Code::kMalformed) << body;
  EXPECT_TRUE(parse_form("a&b&c", 3).has_value());
  EXPECT_EQ(parse_form("a&b&c&d", 3).error().code, Code::kLimit);
  EXPECT_TRUE(parse_form("&&&&&&a", 1).has_value());
}

}  // namespace
}  // namespace sallyport::http
