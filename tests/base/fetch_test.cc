#include "base/fetch.h"

#include <gtest/gtest.h>

#include "tests/base/web_server.h"

namespace sallyport {
namespace {

using namespace std::chrono_literals;

// Says the same to everybody.
WebServer::Answer says(std::string answer) {
  return [answer = std::move(answer)](const std::string&, const std::string&, const WebServer::Send& send) {
    send(answer);
  };
}
const std::string kHello = web_answer("200 OK", "Content-Type: text/plain\r\n", "hello");

FetchRequest to(std::string_view url, std::string ca_pem = "") {
  FetchRequest out;
  out.url = parse_fetch_url(url, Side::kUpstream).value();
  out.ca_pem = std::move(ca_pem);
  out.networks = {Cidr::parse("127.0.0.0/8").value()};
  return out;
}

std::string why(const Result<FetchReply>& reply) { return reply ? "fetched" : reply.error().what; }
std::string why(const FetchRequest& request) {
  CurlFetcher fetcher;
  return why(fetcher.fetch(request));
}

TEST(fetch, what_is_asked_and_what_is_answered) {
  WebServer server(says(web_answer("200 OK",
                                   "Content-Type: application/json\r\nCache-Control: max-age=600\r\nETag: \"v1\"\r\n"
                                   "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nSet-Cookie: a=b\r\n",
                                   "{}")));
  CurlFetcher fetcher;
  FetchRequest request = to(server.url("/keys?a=b"));
  request.headers = {{"Accept", "application/json"}};
  request.authorization = SecretBytes::copy_of("Bearer abc").value();
  const FetchReply reply = fetcher.fetch(request).value();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_EQ(reply.cache_control, "max-age=600");
  EXPECT_EQ(reply.etag, "\"v1\"");
  EXPECT_EQ(reply.last_modified, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(reply.body, "{}");
  EXPECT_FALSE(reply.certificate_ends);
  ASSERT_TRUE(fetcher.fetch(to(server.url("/"))));
  const auto asked = server.asked();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_TRUE(asked[0].starts_with("GET /keys?a=b HTTP/1.1\r\n")) << asked[0];
  EXPECT_NE(asked[0].find("\r\nAuthorization: Bearer abc\r\n"), asked[0].npos);
  EXPECT_NE(asked[0].find("\r\nAccept: application/json\r\n"), asked[0].npos);
  EXPECT_EQ(asked[1].find("Authorization"), asked[1].npos);
  EXPECT_EQ(asked[1].find("Cookie"), asked[1].npos) << "nothing is kept from one to the next";
  EXPECT_EQ(asked[1].find("Accept-Encoding"), asked[1].npos) << "nothing to be decompressed is asked for";
}

TEST(fetch, a_form_is_posted) {
  WebServer server(says(kHello));
  FetchRequest request = to(server.url("/token"));
  request.method = FetchRequest::Method::kPost;
  request.form = SecretBytes::copy_of("code=1&x=y").value();
  ASSERT_EQ(why(request), "fetched");
  const std::string asked = server.asked().at(0);
  EXPECT_TRUE(asked.starts_with("POST /token HTTP/1.1\r\n"));
  EXPECT_NE(asked.find("\r\nContent-Type: application/x-www-form-urlencoded\r\n"), asked.npos);
  EXPECT_TRUE(asked.ends_with("\r\n\r\ncode=1&x=y"));
}

TEST(fetch, a_redirect_is_an_answer_and_is_not_followed) {
  WebServer elsewhere(says(kHello));
  WebServer server(says(web_answer("302 Found", "Location: " + elsewhere.url("/") + "\r\n", "")));
  CurlFetcher fetcher;
  EXPECT_EQ(fetcher.fetch(to(server.url("/")))->status, 302);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(fetch, urls_that_are_never_fetched) {
  for (const char* url : {"http://idp.example.test/", "http://10.0.0.1/", "http://localhost.example.test/",
                          "http://[::127.0.0.1]/", "ftp://localhost/", "file:///etc/passwd", "gopher://localhost/",
                          "https://user:secret@localhost/", "https://localhost/#f", "localhost", "", "http://0/"})
    EXPECT_FALSE(parse_fetch_url(url, Side::kIdentityProvider)) << url;
  for (const char* url : {"https://idp.example.test/a<b", "https://idp.example.test/\"", "https://idp.example.test/a|b",
                          "https://idp.example.test/\xc3\xa4", "https://idp.example.test/a b"})
    EXPECT_FALSE(parse_fetch_url(url, Side::kIdentityProvider)) << url;
  for (const char* url : {"https://idp.example.test/", "https://idp.example.test/a%3Cb?c=(d)&e='f'",
                          "http://localhost:8080/x", "http://a.localhost/", "http://127.1.2.3/", "http://[::1]/"})
    EXPECT_TRUE(parse_fetch_url(url, Side::kIdentityProvider)) << url;
  FetchRequest request;
  request.url = http::parse_url("http://idp.example.test/").value();
  EXPECT_EQ(why(request), "not an https URL, or one of http to this machine");
}

TEST(fetch, the_outbound_list_is_asked_about_the_address) {
  WebServer server(says(kHello));
  FetchRequest request = to(server.url("/"));
  request.networks = {Cidr::parse("10.0.0.0/8").value()};
  EXPECT_EQ(why(request), "the address is not on the outbound list (upstream.networks)");
  request.networks = {};
  EXPECT_EQ(why(request), "the address is not public, and there is no outbound list (upstream.networks)");
  // http is for this machine alone, whatever the list says; the name of one does not help.
  request.url = http::parse_url(server.url("/", "127.0.0.1")).value();
  EXPECT_EQ(why(request), "the address is not public, and there is no outbound list (upstream.networks)");
  EXPECT_EQ(server.connections(), 0);
  CurlFetcher fetcher;
  const auto refused = fetcher.fetch(request);
  EXPECT_EQ(refused.error().code, Code::kDenied);
}

TEST(fetch, the_environment_names_no_proxy) {
  WebServer proxy(says(kHello)), server(says(kHello));
  const std::string url = proxy.url("/");
  const char* const names[] = {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"};
  for (const char* name : names) ::setenv(name, url.c_str(), 1);
  EXPECT_EQ(why(to(server.url("/"))), "fetched");
  for (const char* name : names) ::unsetenv(name);
  EXPECT_EQ(proxy.connections(), 0);
  EXPECT_EQ(server.connections(), 1);
}

TEST(fetch, an_answer_is_bounded_while_it_arrives) {
  CurlFetcher fetcher;
  WebServer exact(says(web_answer("200 OK", "", std::string(1000, 'a'))));
  FetchRequest request = to(exact.url("/"));
  request.response_bytes_max = 1000;
  EXPECT_EQ(fetcher.fetch(request)->body.size(), 1000u);
  request.response_bytes_max = 999;
  EXPECT_EQ(why(fetcher.fetch(request)), "answer is too large") << "its length says so";

  std::atomic<size_t> sent = 0;
  WebServer endless([&sent](const std::string&, const std::string&, const WebServer::Send& send) {
    send("HTTP/1.1 200 OK\r\n\r\n");
    while (sent < (size_t{64} << 20) && send(std::string(65536, 'a'))) sent += 65536;
  });
  request = to(endless.url("/"));
  EXPECT_EQ(why(fetcher.fetch(request)), "answer is too large") << "it has no length";
  EXPECT_EQ(fetcher.fetch(request).error().code, Code::kTooLarge);

  WebServer heads([](const std::string&, const std::string&, const WebServer::Send& send) {
    send("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 10000; ++i)
      if (!send("X-Filler: " + std::string(100, 'a') + "\r\n")) return;
  });
  EXPECT_EQ(why(fetcher.fetch(to(heads.url("/")))), "answer is too large") << "a head that does not end";
}

TEST(fetch, a_slow_server_holds_nobody) {
  WebServer* self = nullptr;
  WebServer slow([&self](const std::string&, const std::string&, const WebServer::Send& send) {
    send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (send("a") && !self->wait(20ms)) {
    }
  });
  self = &slow;
  CurlFetcher fetcher;
  FetchRequest request = to(slow.url("/"));
  request.total_timeout = 150ms;
  auto reply = fetcher.fetch(request);
  EXPECT_EQ(why(reply), "no answer in time");
  EXPECT_EQ(reply.error().code, Code::kTimeout);
  request.total_timeout = 30s;
  request.stall_timeout = 1s;
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(why(fetcher.fetch(request)), "no answer in time") << "50 bytes a second";
  EXPECT_LT(std::chrono::steady_clock::now() - before, 15s);
}

TEST(fetch, stop_ends_what_is_under_way) {
  WebServer* self = nullptr;
  std::atomic<bool> asked = false;
  WebServer silent([&](const std::string&, const std::string&, const WebServer::Send&) {
    asked = true;
    asked.notify_all();
    self->wait(20s);
  });
  self = &silent;
  CurlFetcher fetcher;
  std::thread stopper([&] {
    asked.wait(false);
    fetcher.stop();
  });
  const auto reply = fetcher.fetch(to(silent.url("/")));
  stopper.join();
  EXPECT_EQ(why(reply), "shutting down");
  EXPECT_EQ(why(fetcher.fetch(to(silent.url("/")))), "shutting down");
  EXPECT_EQ(silent.connections(), 1);
}

TEST(fetch, broken_answers_are_told_apart) {
  WebServer junk(says("SSH-2.0-OpenSSH_9.2\r\n")), cut(says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")),
      nothing(says(""));
  EXPECT_EQ(why(to(junk.url("/"))), "answer is not HTTP");
  EXPECT_EQ(why(to(cut.url("/"))), "connection ended before the answer did");
  EXPECT_EQ(why(to(nothing.url("/"))), "connection ended before the answer did");
  uint16_t closed = 0;
  {
    WebServer gone(says(""));
    closed = gone.port();
  }
  EXPECT_EQ(why(to("http://127.0.0.1:" + std::to_string(closed) + "/")), "nobody answered at the address");
  FetchRequest nowhere = to("https://no-such-name.invalid/");
  CurlFetcher fetcher;
  EXPECT_EQ(fetcher.fetch(nowhere).error().code, Code::kNotFound) << why(fetcher.fetch(nowhere));
  FetchRequest split = to(junk.url("/"));
  split.headers = {{"Accept", "a\r\nX: y"}};
  EXPECT_EQ(why(split), "a header with control bytes");
  split.headers = {};
  split.authorization = SecretBytes::copy_of("a\r\nX: y").value();
  EXPECT_EQ(why(split), "a header with control bytes");
}

TEST(fetch, tls_is_verified_and_says_when_the_certificate_ends) {
  const TestCertificate good, other;
  WebServer server(says(kHello), &good);
  CurlFetcher fetcher;
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const auto reply = fetcher.fetch(to(server.url("/", host), good.pem()));
    ASSERT_TRUE(reply) << why(reply);
    const auto left = reply->certificate_ends.value() - SystemClock().wall();
    EXPECT_NEAR(static_cast<double>(left.count()), 40 * 86400e6, 120e6);
  }
  EXPECT_EQ(why(to(server.url("/"), other.pem())), "certificate is of no authority that is trusted");
  EXPECT_EQ(why(to(server.url("/"))), "certificate is of no authority that is trusted") << "nor the system's";
  EXPECT_EQ(why(to(server.url("/"), "nonsense")), "the authorities that are trusted (ca) do not read");
  EXPECT_EQ(why(to(server.url("/", "other.localhost"), good.pem())), "certificate is for another name");
  EXPECT_EQ(fetcher.fetch(to(server.url("/"), other.pem())).error().code, Code::kUnauthenticated);
  EXPECT_EQ(server.asked().size(), 2u) << "nobody else got as far as a request";
}

TEST(fetch, certificates_out_of_their_time_and_old_tls) {
  const TestCertificate over({.days_from = -10, .days_to = -1}), early({.days_from = 1}), good;
  WebServer past(says(kHello), &over), future(says(kHello), &early), old(says(kHello), &good, TLS1_1_VERSION),
      tls12(says(kHello), &good, TLS1_2_VERSION);
  EXPECT_EQ(why(to(past.url("/"), over.pem())), "certificate has expired");
  EXPECT_EQ(why(to(future.url("/"), early.pem())), "certificate is not valid yet");
  EXPECT_EQ(why(to(old.url("/"), good.pem())), "TLS could not be agreed on");
  EXPECT_EQ(why(to(tls12.url("/"), good.pem())), "fetched");
}

}  // namespace
}  // namespace sallyport
