// Somebody who is signed in and works at a steady pace, over several kept connections in turn, so that every worker of
// the gateway is asked.
//   steady_client PORT HOST CONNECTIONS 'Header: value'
//       for each line COUNT PER_SECOND: so many GET /, at that pace:
//       {"took": [milliseconds, from the first byte sent to the last one read], "since_due": [milliseconds], "wrong"}
// since_due counts from when a request was due, where it was late because the answer before it was: a second in which
// nothing is answered is one long wait in `took`, and as many as should have been asked in it in `since_due`.
#include <csignal>
#include <cstdio>
#include <deque>
#include <string>

#include "tls_client.h"

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  signal(SIGPIPE, SIG_IGN);
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  std::deque<TlsClient> clients;
  for (int i = 0; i < std::atoi(argv[3]); ++i)
    if (!clients.emplace_back(context, static_cast<uint16_t>(std::atoi(argv[1])), argv[2]).open()) return 1;
  const std::string request =
      std::string("GET / HTTP/1.1\r\nHost: ") + argv[2] + ":" + argv[1] + "\r\n" + argv[4] + "\r\n\r\n";
  Alarm alarm;
  unsigned count = 0, per_second = 0;
  while (scanf("%u %u", &count, &per_second) == 2) {
    std::string took, since_due;
    unsigned wrong = 0;
    const int64_t interval = 1'000'000'000 / per_second;
    int64_t due = now_nanos(), answered = due;
    for (unsigned i = 0; i < count; ++i, due += interval) {
      alarm.wait_until(due);
      const bool was_kept = answered > due;
      const int64_t began = now_nanos();
      if (clients[i % clients.size()].ask(request).status != 200) ++wrong;
      answered = now_nanos();
      took += (i == 0 ? "" : ", ") + std::to_string(static_cast<double>(answered - began) / 1e6);
      since_due +=
          (i == 0 ? "" : ", ") + std::to_string(static_cast<double>(answered - (was_kept ? due : began)) / 1e6);
    }
    printf("{\"took\": [%s], \"since_due\": [%s], \"wrong\": %u}\n", took.c_str(), since_due.c_str(), wrong);
    fflush(stdout);
  }
}
