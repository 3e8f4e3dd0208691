#include "proxy/admin.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "base/http/url.h"
#include "base/secret.h"

namespace sallyport::proxy {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(std::string name, std::string help, MetricType type) {
  MetricFamily out;
  out.name = "sallyport_" + std::move(name);
  out.help = std::move(help);
  out.type = type;
  return out;
}

void add(MetricFamily& to, double value, std::vector<prometheus::ClientMetric::Label> labels = {}) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  if (to.type == MetricType::Gauge)
    metric.gauge.value = value;
  else
    metric.counter.value = value;
  to.metric.push_back(std::move(metric));
}

double sum(const std::vector<const Metrics*>& workers, Count Metrics::* count) {
  uint64_t out = 0;
  for (const Metrics* one : workers) out += (one->*count).value();
  return static_cast<double>(out);
}

template <const auto& kBounds>
MetricFamily histogram(const char* name, const char* help, const std::vector<const Metrics*>& workers,
                       Durations<kBounds> Metrics::* durations) {
  MetricFamily out = family(name, help, MetricType::Histogram);
  prometheus::ClientMetric metric;
  uint64_t cumulative = 0;
  uint64_t micros = 0;
  for (size_t i = 0; i <= kBounds.size(); ++i) {
    for (const Metrics* one : workers) cumulative += (one->*durations).counts()[i].value();
    if (i < kBounds.size()) metric.histogram.bucket.push_back({cumulative, static_cast<double>(kBounds[i]) / 1e6});
  }
  for (const Metrics* one : workers) micros += (one->*durations).sum_micros();
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = static_cast<double>(micros) / 1e6;
  out.metric.push_back(std::move(metric));
  return out;
}

struct Reply {
  int status;
  const char* type;
  std::string body;
};

Reply reply_to(std::string_view path, const AdminFacts& facts, const std::vector<const Metrics*>& metrics) {
  constexpr const char* kText = "text/plain; charset=utf-8";
  if (path == "/live") return {200, kText, "live\n"};
  if (path == "/ready")
    return facts.ready ? Reply{200, kText, "ready\n"} : Reply{503, kText, std::string(facts.not_ready) + "\n"};
  if (path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(facts, metrics)};
  return {404, kText, "not found: /live, /ready and /metrics are here\n"};
}

}  // namespace

std::string metrics_text(const AdminFacts& facts, const std::vector<const Metrics*>& workers) {
  std::vector<MetricFamily> all;
  const auto counter = [&](const char* name, const char* help, Count Metrics::* count) {
    all.push_back(family(name, help, MetricType::Counter));
    add(all.back(), sum(workers, count));
  };
  const auto gauge = [&](const char* name, const char* help, double value) {
    all.push_back(family(name, help, MetricType::Gauge));
    add(all.back(), value);
  };
  const auto counted = [&](const char* name, const char* help, double value) {
    all.push_back(family(name, help, MetricType::Counter));
    add(all.back(), value);
  };
  counter("connections_accepted_total", "Client connections taken.", &Metrics::connections_accepted);
  gauge("connections_open", "Client connections open now.", sum(workers, &Metrics::connections_open));
  counter("connections_refused_total", "Client connections refused because the limit was reached.",
          &Metrics::connections_refused);
  counter("addresses_refused_total", "Client connections refused because their address had all it may have.",
          &Metrics::addresses_refused);
  counter("handshakes_failed_total", "TLS handshakes with clients that failed.", &Metrics::handshakes_failed);
  counter("requests_malformed_total", "Requests refused by the HTTP reader.", &Metrics::requests_malformed);
  counter("client_timeouts_total", "Connections ended because the client was too slow or idle.",
          &Metrics::client_timeouts);
  all.push_back(family("responses_total", "Answers by status class.", MetricType::Counter));
  for (size_t i = 1; i < 6; ++i) {
    uint64_t total = 0;
    for (const Metrics* one : workers) total += one->responses[i].value();
    add(all.back(), static_cast<double>(total), {{"class", std::to_string(i) + "xx"}});
  }
  all.push_back(histogram("request_seconds", "From the first byte of a request's head to the last byte of its answer.",
                          workers, &Metrics::latency));
  all.push_back(histogram("loop_delay_seconds",
                          "How much later than due a worker's loop got to what is due each tenth of a second.", workers,
                          &Metrics::loop_delay));
  counter("request_body_bytes_total", "Bytes of request bodies.", &Metrics::request_bytes);
  counter("response_body_bytes_total", "Bytes of response bodies.", &Metrics::response_bytes);
  counter("http2_connections_total", "Client connections that speak HTTP/2.", &Metrics::http2_connections);
  counter("http2_floods_total", "HTTP/2 connections ended because the client did too much of what costs it nothing.",
          &Metrics::http2_floods);
  counter("websockets_total", "WebSockets opened.", &Metrics::websockets);
  gauge("websockets_open", "WebSockets open now.", sum(workers, &Metrics::websockets_open));
  counter("websocket_violations_total", "WebSockets ended because a side broke the protocol or a limit.",
          &Metrics::websocket_violations);
  counter("websocket_messages_dropped_total", "Messages of clients that may only listen.",
          &Metrics::websocket_messages_dropped);
  counter("upstream_connections_total", "Connections made to upstreams.", &Metrics::upstream_connections);
  counter("upstream_reused_total", "Requests sent on a kept upstream connection.", &Metrics::upstream_reused);
  counter("upstream_failures_total", "Upstreams that could not be reached or gave no valid answer.",
          &Metrics::upstream_failures);
  counter("upstream_retries_total", "Requests sent again: a kept connection was stale, or HTTP/2 refused them unseen.",
          &Metrics::upstream_retries);
  counter("secrets_refused_total", "Sealed values that did not open.", &Metrics::secrets_refused);
  counter("rate_limited_total", "Requests refused by a rate limit.", &Metrics::rate_limited);
  counter("audit_full_total", "Requests refused because the audit log had no room.", &Metrics::audit_full);
  gauge("sessions", "Living sessions known to this process.", static_cast<double>(facts.sessions));
  gauge("tokens", "Tokens known to this process.", static_cast<double>(facts.tokens));
  gauge("tokens_ending", "Tokens that end within seven days.", static_cast<double>(facts.tokens_ending));
  gauge("resources", "Datasources and instances in force.", static_cast<double>(facts.resources));
  gauge("generation", "Generation of the configuration in force.", static_cast<double>(facts.generation));
  if (!facts.provider_certificates.empty()) {
    all.push_back(family("provider_certificate_seconds",
                         "Until the first certificate ends with which an identity provider signs.", MetricType::Gauge));
    for (const auto& [provider, seconds] : facts.provider_certificates)
      add(all.back(), seconds, {{"provider", provider}});
  }
  gauge("audit_entries", "Entries in this node's access log.", static_cast<double>(facts.audit_entries));
  const PoolLoad& hashing = facts.hashing;
  gauge("password_hashes_queued", "Passwords that wait to be hashed.", static_cast<double>(hashing.queued));
  gauge("password_hashes_running", "Passwords that are being hashed.", static_cast<double>(hashing.running));
  counted("password_hashes_total", "Passwords hashed.", static_cast<double>(hashing.done));
  counted("password_hashes_refused_total", "Passwords not hashed because too many were waiting.",
          static_cast<double>(hashing.refused));
  counted("password_hash_wait_seconds_total", "What passwords have waited to be hashed, together.",
          std::chrono::duration<double>(hashing.waited).count());
  const SecretArenaUse arena = secret_arena_use();
  gauge("secret_memory_used_bytes", "Locked memory that holds secrets.", static_cast<double>(arena.used_bytes));
  gauge("secret_memory_locked", "1 when the kernel keeps that memory out of swap.", arena.locked ? 1 : 0);
  return prometheus::TextSerializer().Serialize(all);
}

Task<void> AdminServer::serve(Exchange& exchange) {
  const http::Head& head = exchange.head();
  const auto target = http::parse_target(head.target);
  Reply reply{405, "text/plain; charset=utf-8", "only GET and HEAD are answered here\n"};
  if (!target)
    reply = {400, "text/plain; charset=utf-8", "bad request target\n"};
  else if (head.method == "GET" || head.method == "HEAD")
    reply = reply_to(target->path, facts_(), metrics_());
  exchange.release_head();
  exchange.begin(reply.status, {});
  exchange.field("Content-Type", reply.type);
  exchange.field("Cache-Control", "no-store");
  exchange.end_head(http::Body::kLength, reply.body.size());
  exchange.data(reply.body);
  exchange.finish({});
  co_return;
}

}  // namespace sallyport::proxy
