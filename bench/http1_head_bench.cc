// What one browser's request head costs: reading it, and deciding its framing.
#include <benchmark/benchmark.h>

#include "base/http/url.h"
#include "proxy/codec/http1_head.h"

namespace {

using namespace sallyport::http;

constexpr std::string_view kBrowserHead =
    "GET /dashboard/overview?tab=recent&page=2 HTTP/1.1\r\n"
    "Host: app.example.com\r\n"
    "Connection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Referer: https://app.example.com/dashboard\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
    "Cookie: theme=dark; session=ec18eac8d758b1eba52d3c10d39adc6dd9806472cb4\r\n"
    "\r\n";

constexpr std::string_view kApiResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: api\r\n"
    "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 1024\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: no-store\r\n"
    "\r\n";

void parse_browser_head(benchmark::State& state) {
  const HeadLimits limits;
  Head head;
  for (auto _ : state) {
    std::string_view input = kBrowserHead;
    benchmark::DoNotOptimize(input);
    auto length = parse_request_head(input, limits, head);
    benchmark::DoNotOptimize(length);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kBrowserHead.size()));
}
BENCHMARK(parse_browser_head);

void frame_browser_head(benchmark::State& state) {
  Head head;
  if (!parse_request_head(kBrowserHead, {}, head)) state.SkipWithError("refused");
  for (auto _ : state) {
    benchmark::DoNotOptimize(head);
    auto framing = request_framing(head);
    benchmark::DoNotOptimize(framing);
  }
}
BENCHMARK(frame_browser_head);

void read_browser_request(benchmark::State& state) {  // everything a request's head costs before it is routed
  const HeadLimits limits;
  Head head;
  std::string scratch;
  for (auto _ : state) {
    std::string_view input = kBrowserHead;
    benchmark::DoNotOptimize(input);
    auto length = parse_request_head(input, limits, head);
    auto framing = request_framing(head);
    auto target = parse_target(head.target);
    std::string_view path;
    auto changed = canonical_path(target->path, PathMode::kStrict, scratch, path);
    benchmark::DoNotOptimize(length);
    benchmark::DoNotOptimize(framing);
    benchmark::DoNotOptimize(changed);
    benchmark::DoNotOptimize(path);
  }
}
BENCHMARK(read_browser_request);

void read_api_response(benchmark::State& state) {
  const HeadLimits limits;
  Head head;
  for (auto _ : state) {
    std::string_view input = kApiResponse;
    benchmark::DoNotOptimize(input);
    auto length = parse_response_head(input, limits, head);
    auto framing = response_framing(head, false);
    benchmark::DoNotOptimize(length);
    benchmark::DoNotOptimize(framing);
  }
}
BENCHMARK(read_api_response);

}  // namespace

BENCHMARK_MAIN();
