// One document by HTTP from somewhere that a resource names: an identity provider's metadata, keys, tokens. Blocking,
// for a thread of a BlockingPool; the only wrapper of libcurl (docs/decisions/0022).
//
// https, verified, TLS 1.2 and later; http to this machine alone. No redirects, no proxies, no cookies, nothing of the
// environment or of anybody's .netrc. The outbound list is asked about the very address that is connected.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/http/url.h"
#include "base/ip.h"
#include "base/result.h"
#include "base/secret.h"

namespace sallyport {

// An https URL, or one of http whose host is this machine by its name: localhost and below, 127.0.0.0/8, ::1.
// errors: kMalformed, with `side`
Result<http::Url> parse_fetch_url(std::string_view text, Side side);

struct FetchRequest {
  enum class Method : uint8_t { kGet, kPost };

  Method method = Method::kGet;
  http::Url url;                                             // of parse_fetch_url()
  std::vector<std::pair<std::string, std::string>> headers;  // Accept, If-None-Match; what is secret stands below
  SecretBytes authorization;                                 // the field's value; empty: none
  SecretBytes form;                                          // what is posted, application/x-www-form-urlencoded
  size_t response_bytes_max = size_t{256} << 10;
  std::chrono::milliseconds connect_timeout{5000};  // with the name's resolution and TLS
  std::chrono::milliseconds total_timeout{15000};
  std::chrono::seconds stall_timeout{10};  // that long with less than 100 bytes a second ends it as well
  std::string ca_pem;                      // authorities, or the very certificates; empty: the system's
  CidrList networks;                       // outbound list (base/outbound.h)
  Side side = Side::kUpstream;             // of its errors
};

struct FetchReply {
  int status = 0;  // 3xx as well: nothing is followed
  std::string content_type, cache_control, etag, last_modified;
  std::string body;  // wipe() it where it holds tokens
  std::optional<WallMicros> certificate_ends;
};

class Fetcher {
 public:
  virtual ~Fetcher() = default;
  // errors: kMalformed the URL, ca_pem, or an answer that is no HTTP; kDenied by the outbound list; kNotFound the name;
  // kUnauthenticated the certificate (`what` says how); kTimeout; kTooLarge; kUnavailable everything else.
  // Any thread, several at once.   cost: a connection of its own
  virtual Result<FetchReply> fetch(const FetchRequest& request) = 0;
};

class CurlFetcher final : public Fetcher {
 public:
  CurlFetcher();
  Result<FetchReply> fetch(const FetchRequest& request) override;
  void stop() { stopping_ = true; }  // what is under way ends within a second, what comes at once: kUnavailable

 private:
  std::atomic<bool> stopping_ = false;
};

}  // namespace sallyport
