// URLs of a configuration, Host values, request targets.
#include "base/http/url.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::http {
namespace {

using std::string;

TEST(parse_url, gives_one_spelling) {
  const std::pair<const char*, const char*> table[] = {
      {"http://a", "http://a/"},
      {"HTTP://A.Example/", "http://a.example/"},
      {"https://a:443/", "https://a/"},
      {"http://a:443/", "http://a:443/"},
      {"https://a:80", "https://a:80/"},
      {"http://a./x", "http://a/x"},
      {"http://a/x/y?z=%20?", "http://a/x/y?z=%20?"},
      {"http://a?q", "http://a/?q"},
      {"http://a/%7euser/%c3%a9", "http://a/~user/%C3%A9"},
      {"http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"},
      {"http://[::1]:8080/", "http://[::1]:8080/"},
      {"http://[2001:DB8:0::1]/", "http://[2001:db8::1]/"},
      {"http://[::ffff:10.0.0.1]/", "http://10.0.0.1/"},
      {"http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"},
      {"http://a_b/", "http://a_b/"},
      {"http://a1.2b/", "http://a1.2b/"},
  };
  for (const auto& [text, expected] : table) {
    const auto url = parse_url(text);
    ASSERT_TRUE(url.has_value()) << text << " " << url.error().what;
    EXPECT_EQ(url->to_string(), expected);
    EXPECT_EQ(parse_url(url->to_string())->to_string(), expected);
  }
  EXPECT_TRUE(parse_url("http://[::1]/")->is_address());
  EXPECT_EQ(parse_url("http://[::1]/")->host, "::1");
  EXPECT_TRUE(parse_url("http://1.2.3.4/")->is_address());
  EXPECT_FALSE(parse_url("http://a/")->is_address());
  EXPECT_EQ(parse_url("https://a/")->port, 443);
  EXPECT_EQ(parse_url("https://a:8443/")->authority(), "a:8443");
}

TEST(parse_url, refuses_every_other_text) {
  for (const std::string_view text : {std::string_view(""),
                                      std::string_view("a"),
                                      std::string_view("/a"),
                                      std::string_view("//a/"),
                                      std::string_view("http:"),
                                      std::string_view("http:/a"),
                                      std::string_view("http://"),
                                      std::string_view("http:///a"),
                                      std::string_view("http://:80/"),
                                      std::string_view("ftp://a/"),
                                      std::string_view("ws://a/"),
                                      std::string_view("javascript://a/"),
                                      std::string_view(" http://a/"),
                                      std::string_view("http://a/ "),
                                      std::string_view("http://a /"),
                                      std::string_view("http://a\n/"),
                                      std::string_view("http://u@a/"),
                                      std::string_view("http://u:p@a/"),
                                      std::string_view("http://:@a/"),
                                      std::string_view("http://a#f"),
                                      std::string_view("http://a/#"),
                                      std::string_view("http://a/?q#f"),
                                      std::string_view("http://a:0/"),
                                      std::string_view("http://a:65536/"),
                                      std::string_view("http://a:/"),
                                      std::string_view("http://a:080/"),
                                      std::string_view("http://a:x/"),
                                      std::string_view("http://a:80:80/"),
                                      std::string_view("http://2130706433/"),
                                      std::string_view("http://0x7f000001/"),
                                      std::string_view("http://0x7f.0.0.1/"),
                                      std::string_view("http://0177.0.0.1/"),
                                      std::string_view("http://127.1/"),
                                      std::string_view("http://1.2.3.4.5/"),
                                      std::string_view("http://1.2.3/"),
                                      std::string_view("http://a.0x/"),
                                      std::string_view("http://a.1/"),
                                      std::string_view("http://1.2.3.256/"),
                                      std::string_view("http://[::1/"),
                                      std::string_view("http://[::1]x/"),
                                      std::string_view("http://[fe80::1%25lo]/"),
                                      std::string_view("http://[1.2.3.4]/"),
                                      std::string_view("http://::1/"),
                                      std::string_view("http://a..b/"),
                                      std::string_view("http://.a/"),
                                      std::string_view("http://a../"),
                                      std::string_view("http://-a/"),
                                      std::string_view("http://a-/"),
                                      std::string_view("http://b\xc3\xbc"
                                                       "cher/"),
                                      std::string_view("http://a%2eb/"),
                                      std::string_view("http://a*b/"),
                                      std::string_view("http://a,b/"),
                                      std::string_view("http://a\\@b/"),
                                      std::string_view("http://a\\b/"),
                                      std::string_view("http://a/..\\b"),
                                      std::string_view("http://a/../b"),
                                      std::string_view("http://a/%2e/"),
                                      std::string_view("http://a//b"),
                                      std::string_view("http://a/%zz"),
                                      std::string_view("http://a/?%"),
                                      std::string_view("http://a/? "),
                                      std::string_view("http://a/\x7f"),
                                      std::string_view("http://a\0b/", 11),
                                      std::string_view("http://a/\0", 10)})
    EXPECT_FALSE(parse_url(text).has_value()) << text;
}

TEST(parse_url, says_why_credentials_are_refused) {
  EXPECT_STREQ(parse_url("https://user:password@a/").error().what, "credentials in a URL are refused");
  EXPECT_TRUE(parse_url("https://a/user:password@b?c@d").has_value());
}

TEST(parse_url, bounds_names) {
  const string label(63, 'a');
  EXPECT_TRUE(parse_url("http://" + label + "/").has_value());
  EXPECT_FALSE(parse_url("http://" + label + "a/").has_value());
  const string name = label + "." + label + "." + label + "." + label.substr(2);
  ASSERT_EQ(name.size(), 253u);
  EXPECT_TRUE(parse_url("http://" + name + "/").has_value());
  EXPECT_FALSE(parse_url("http://" + name + "a/").has_value());
}

TEST(parse_authority, gives_host_and_port) {
  const struct {
    const char* text;
    const char* host;
    int port;
  } table[] = {
      {"a", "a", 0},
      {"A.B:80", "a.b", 80},
      {"a.:8443", "a", 8443},
      {"1.2.3.4", "1.2.3.4", 0},
      {"[::1]", "::1", 0},
      {"[::0001]:65535", "::1", 65535},
      {"[FE80::1]", "fe80::1", 0},
      {"1.2.3.4.", "1.2.3.4", 0},
      {"[::ffff:1.2.3.4]:1", "1.2.3.4", 1},
  };
  for (const auto& c : table) {
    const auto authority = parse_authority(c.text);
    ASSERT_TRUE(authority.has_value()) << c.text;
    EXPECT_EQ(authority->host, c.host);
    EXPECT_EQ(authority->port.value_or(0), c.port);
  }
}

TEST(parse_authority, views_the_text_when_it_is_canonical) {
  string scratch;
  const std::string_view text = "a-rather-long-name.example.test:80";
  EXPECT_EQ(parse_authority(text, scratch)->host.data(), text.data());
  EXPECT_TRUE(scratch.empty());
  EXPECT_EQ(parse_authority("A.test", scratch)->host.data(), scratch.data());
}

TEST(parse_target, takes_three_forms) {
  const struct {
    const char* text;
    const char* path;
    const char* query;
    const char* authority;
  } table[] = {
      {"/", "/", nullptr, ""},
      {"/a/b", "/a/b", nullptr, ""},
      {"/a?", "/a", "", ""},
      {"/a?b=c?d", "/a", "b=c?d", ""},
      {"/?http://x/", "/", "http://x/", ""},
      {"//a/b", "//a/b", nullptr, ""},
      {"/:", "/:", nullptr, ""},
      {"http://h", "/", nullptr, "h"},
      {"http://H:80/x", "/x", nullptr, "H:80"},
      {"https://h?q", "/", "q", "h"},
      {"hTTp://h/?", "/", "", "h"},
      {"http://[::1]:80/x?y", "/x", "y", "[::1]:80"},
  };
  for (const auto& c : table) {
    const auto target = parse_target(c.text);
    ASSERT_TRUE(target.has_value()) << c.text;
    EXPECT_EQ(target->path, c.path);
    EXPECT_EQ(target->has_query, c.query != nullptr) << c.text;
    if (c.query != nullptr) EXPECT_EQ(target->query, c.query);
    EXPECT_EQ(target->authority, c.authority);
    EXPECT_FALSE(target->asterisk);
  }
  EXPECT_TRUE(parse_target("*")->asterisk);
  for (const char* text :
       {"",        "a",         "a:443",     "?",           "**",           "http:",       "http:/a",
        "http://", "http:///a", "http://?a", "http://u@h/", "http://h\\x/", "http://h:x/", "ftp://h/",
        "//",      "/a b",      "/#",        "/a#b",        "/\x7f",        "/\x80"}) {
    if (string(text) == "//") continue;  // a path, if an odd one
    EXPECT_FALSE(parse_target(text).has_value()) << text;
  }
}

TEST(percent, encodes_and_decodes) {
  EXPECT_EQ(percent_encode("a-._~ /?&=+%\n\xc3\xa9"), "a-._~%20%2F%3F%26%3D%2B%25%0A%C3%A9");
  string every;
  for (int c = 0; c < 256; ++c) every += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(every)), every);
  EXPECT_EQ(percent_decode("%41%6a+"), "Aj+");
  for (const char* text : {"%", "%4", "a%", "%g0", "%0g", "%%41", "% 1", "%+1"})
    EXPECT_FALSE(percent_decode(text).has_value()) << text;
}

TEST(is_authority_of, takes_the_very_host_with_a_plain_port_or_none) {
  for (const char* text : {"crm.test", "crm.test:1", "crm.test:443", "crm.test:65535"}) {
    EXPECT_TRUE(is_authority_of(text, "crm.test")) << text;
    std::string scratch;
    EXPECT_EQ(parse_authority(text, scratch)->host, "crm.test") << text;
  }
  for (const char* text :
       {"", "crm.tes", "crm.test.", "crm.testx", "crm.test:", "crm.test:0", "crm.test:080", "crm.test:65536",
        "crm.test:100000", "crm.test:4a", "crm.test: 4", "CRM.test", "a@crm.test", "crm.test/x"})
    EXPECT_FALSE(is_authority_of(text, "crm.test")) << text;
  EXPECT_FALSE(is_authority_of("", ""));
  EXPECT_FALSE(is_authority_of(":80", ""));
}

}  // namespace
}  // namespace sallyport::http
