// Wrong passwords in a stream, and one who is signed in and works meanwhile; for what Python would be too slow for.
//   password_siege PORT HOST guess PER_MINUTE NAMES SOURCES
//       wrong passwords at that rate from 32 kept connections, for NAMES names in turn (0: another one each time), each
//       said to come (X-Forwarded-For) from one of SOURCES addresses; while a line says so: on, off. Once all are
//       connected: {"connected"}. At the end of standard input:
//       {"sent", "seconds", "statuses": {"401": N, ...}}, in the seconds that it was on
//   password_siege PORT HOST ask 'Header: value'
//       for each line COUNT PER_SECOND: so many GET / in turn, at that pace at most, on one kept connection:
//       {"took": [milliseconds, from the first byte sent to the last one read], "wrong"}
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <latch>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "tls_client.h"

namespace {

constexpr int kConnections = 32;

struct Siege {
  SSL_CTX* context;
  uint16_t port;
  std::string host;
  int64_t interval;  // nanoseconds between two guesses
  uint64_t names, sources;
  std::latch connected{kConnections};
  uint64_t next = 0, in_turn = 0;
  bool over = false;
  int64_t on_since = 0;  // 0: off
  double seconds = 0;    // that it was on, before that
  std::mutex mutex{};
  std::condition_variable changed{};
  std::map<int, uint64_t> statuses{};

  std::string guess(uint64_t number) const {
    // Odd steps visit every name and address before one comes again.
    const uint64_t name = names == 0 ? number : number % names;
    const uint64_t source = number * 7919 % sources;
    const std::string body =
        R"({"user": "victim-)" + std::to_string(name) + R"(", "password": "guess-)" + std::to_string(number) + "\"}";
    return "POST /.sallyport/login HTTP/1.1\r\nHost: " + host + ":" + std::to_string(port) +
           "\r\nContent-Type: application/json\r\nX-Sallyport-Request: 1\r\nX-Forwarded-For: 10." +
           std::to_string(source >> 16 & 255) + "." + std::to_string(source >> 8 & 255) + "." +
           std::to_string(source & 255) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  void run() {
    TlsClient client(context, port, host);
    Alarm alarm;
    client.open();
    connected.count_down();
    int64_t due = 0;
    for (uint64_t number = 0; take(number, due);) {
      alarm.wait_until(due);
      const int status = client.ask(guess(number)).status;
      const std::lock_guard lock(mutex);
      ++statuses[status];
    }
  }
  // The next guess, and when it is to be sent; waits while it is off. False: it is over.
  bool take(uint64_t& number, int64_t& due) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return over || on_since != 0; });
    if (over) return false;
    number = next++;
    due = on_since + static_cast<int64_t>(in_turn++) * interval;
    return true;
  }
  void say(bool on, bool end) {
    const std::lock_guard lock(mutex);
    if (on_since != 0) seconds += static_cast<double>(now_nanos() - on_since) / 1e9;
    on_since = on ? now_nanos() : 0;
    in_turn = 0;
    over = end;
    changed.notify_all();
  }
};

int besiege(SSL_CTX* context, char** words) {
  Siege siege{.context = context,
              .port = static_cast<uint16_t>(std::atoi(words[1])),
              .host = words[2],
              .interval = 60'000'000'000 / std::atoll(words[4]),
              .names = strtoull(words[5], nullptr, 10),
              .sources = strtoull(words[6], nullptr, 10)};
  std::vector<std::thread> threads;
  for (int i = 0; i < kConnections; ++i) threads.emplace_back([&siege] { siege.run(); });
  siege.connected.wait();
  printf("{\"connected\": %d}\n", kConnections);
  fflush(stdout);
  char word[8];
  while (scanf("%7s", word) == 1) siege.say(strcmp(word, "on") == 0, false);
  siege.say(false, true);
  for (std::thread& thread : threads) thread.join();
  uint64_t sent = 0;
  std::string text;
  for (const auto& [status, count] : siege.statuses) {
    sent += count;
    text += (text.empty() ? "\"" : ", \"") + std::to_string(status) + "\": " + std::to_string(count);
  }
  printf("{\"sent\": %lu, \"seconds\": %.2f, \"statuses\": {%s}}\n", static_cast<unsigned long>(sent), siege.seconds,
         text.c_str());
  return 0;
}

int ask(SSL_CTX* context, char** words) {
  TlsClient client(context, static_cast<uint16_t>(std::atoi(words[1])), words[2]);
  const std::string request =
      std::string("GET / HTTP/1.1\r\nHost: ") + words[2] + ":" + words[1] + "\r\n" + words[4] + "\r\n\r\n";
  Alarm alarm;
  unsigned count = 0, per_second = 0;
  while (scanf("%u %u", &count, &per_second) == 2) {
    std::vector<double> took;
    unsigned wrong = 0;
    const int64_t interval = 1'000'000'000 / per_second;
    for (unsigned i = 0; i < count; ++i) {
      const int64_t began = now_nanos();
      if (client.ask(request).status != 200) ++wrong;
      took.push_back(static_cast<double>(now_nanos() - began) / 1e6);
      alarm.wait_until(began + interval);
    }
    std::string text;
    for (const double each : took) text += (text.empty() ? "" : ", ") + std::to_string(each);
    printf("{\"took\": [%s], \"wrong\": %u}\n", text.c_str(), wrong);
    fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  if (argc == 7 && strcmp(argv[3], "guess") == 0) return besiege(context, argv);
  if (argc == 5 && strcmp(argv[3], "ask") == 0) return ask(context, argv);
  return 2;
}
