// Thousands of streams through the gateway, of every kind, each with the time of every byte that came: over HTTP/1.1
// one on a connection, over HTTP/2 many. For each line read from standard input, words between tabs, a line of JSON:
//   open GROUP KIND COUNT PER SOURCE PATH [FIELD...]
//                 COUNT streams, PER on a connection, from 127.0.0.SOURCE; waits until they are open.
//                 KIND: 1 or 2 for the version, then get, ws, upload, flight (no answer is awaited) or idle (answered
//                 once): {"open", "refused", "seconds"}
//   ask GROUP HOST PATH [FIELD...]
//                 one request more on each of its connections that is there: {"answers": {STATUS: N, "closed": N}}
//   report GROUP  {"members", "open", "ends", ...}; see Crowd::report
//   drop GROUP    ends and forgets it: {}
//   feed MS       a record (stream_record.h) on every upload each MS milliseconds
// Times are seconds since 1970 at which the kernel of this machine took the bytes from the wire (SO_TIMESTAMPNS): this
// process's own slowness counts against nobody.
#include "stream_crowd.h"

#include <algorithm>
#include <csignal>
#include <utility>

namespace crowd {
namespace {

constexpr size_t kConnectionsAtOnce = 64;
constexpr double kPatience = 60;

}  // namespace

void Crowd::turn(int milliseconds) {
  epoll_event events[256];
  const int count = epoll_wait(epoll, events, 256, milliseconds);
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr == nullptr) {
      commands_wait = true;
      continue;
    }
    auto& connection = *static_cast<Connection*>(events[i].data.ptr);
    if (connection.dead) continue;
    connection.readable();
    connection.flush();
  }
  if (every == 0 || now() < next) return;
  const std::string text = record(++fed);
  next = now() + every;
  for (auto& [name, group] : groups) {
    if (group.what != What::kUpload) continue;
    for (const auto& connection : group.connections) {
      for (const auto& member : connection->members) connection->feed(*member, text);
      connection->flush();
    }
  }
}

void Crowd::open(const std::vector<std::string>& words) {
  const double began = now();
  Group& group = groups[words[1]];
  group.version = words[2][0] - '0';
  group.grpc = words[2].substr(1) == "grpc";
  group.what = words[2].substr(1) == "ws"       ? What::kWebSocket
               : words[2].substr(1) == "upload" ? What::kUpload
               : words[2].substr(1) == "flight" ? What::kFlight
               : words[2].substr(1) == "idle"   ? What::kIdle
                                                : What::kGet;
  const size_t count = strtoul(words[3].c_str(), nullptr, 10), per = strtoul(words[4].c_str(), nullptr, 10);
  group.host = words[6];
  group.path = words[7];
  group.fields.assign(words.begin() + 8, words.end());
  const auto come = [&] { return group.open + group.refused + group.ended; };
  for (size_t made = 0; come() < count && now() - began < kPatience; turn(10))
    while (made < count && made < come() + kConnectionsAtOnce * per) {
      auto connection = std::make_unique<Connection>(*this, group);
      for (size_t i = 0; i < per && made < count; ++i, ++made)
        connection->members.push_back(std::make_unique<Member>(*connection, group));
      group.connections.push_back(std::move(connection));
      group.connections.back()->begin(static_cast<uint32_t>(atoi(words[5].c_str())), port);
    }
  printf("{\"open\": %zu, \"refused\": %zu, \"seconds\": %.3f}\n", group.open, group.refused, now() - began);
}

// An idle connection of HTTP/1.1, and one whose request was refused, takes the next; of HTTP/2 any.
void Crowd::ask(const std::vector<std::string>& words) {
  answers.clear();
  Group& group = groups[words[1]];
  size_t awaited = 0;
  for (const auto& connection : group.connections) {
    ++awaited;
    if (connection->dead) {
      ++answers["closed"];
      continue;
    }
    connection->asked = std::make_unique<Member>(*connection, group);
    connection->asked->state = Member::State::kClosed;
    Member& who = group.version == 2 ? *connection->asked : *connection->members.front();
    connection->ask(who, words[2], words[3], {words.begin() + 4, words.end()});
    connection->flush();
  }
  const auto come = [this] {
    size_t sum = 0;
    for (const auto& [_, count] : answers) sum += count;
    return sum;
  };
  for (const double began = now(); come() < awaited && now() - began < 5;) turn(10);
  std::string text;
  for (const auto& [status, count] : answers)
    text += (text.empty() ? "\"" : ", \"") + status + "\": " + std::to_string(count);
  printf("{\"answers\": {%s}}\n", text.c_str());
}

void Crowd::report(const std::string& name) const {
  const auto found = groups.find(name);
  if (found == groups.end()) return void(printf("{}\n"));
  const Group& group = found->second;
  size_t members = 0, gaps = 0, connections = 0;
  double last_byte = 0, last_close = 0, last_sent = 0, newest_least = 1e18;
  std::vector<double> lasts;
  for (const auto& connection : group.connections) {
    if (!connection->dead) ++connections;
    for (const auto& each : connection->members) {
      ++members;
      gaps += each->gaps;
      last_byte = std::max(last_byte, each->last_byte);
      last_close = std::max(last_close, each->closed_at);
      last_sent = std::max(last_sent, each->last_sent);
      newest_least = std::min(newest_least, each->last_record);
      lasts.push_back(each->last_record);
    }
  }
  std::ranges::sort(lasts);
  const auto at = [&](size_t percent) { return lasts.empty() ? 0 : lasts[(lasts.size() - 1) * percent / 100]; };
  std::string ends;
  for (const auto& [how, count] : group.ends)
    ends += (ends.empty() ? "\"" : ", \"") + how + "\": " + std::to_string(count);
  printf(
      "{\"members\": %zu, \"open\": %zu, \"connections\": %zu, \"ends\": {%s}, \"gaps\": %zu, \"last_byte\": %.6f, "
      "\"last_close\": %.6f, \"last_sent\": %.6f, \"newest_least\": %.6f, \"last_record\": [%.6f, %.6f, %.6f]}\n",
      members, group.open, connections, ends.c_str(), gaps, last_byte, last_close, last_sent, newest_least, at(50),
      at(99), at(100));
}

}  // namespace crowd

int main(int count, char** words) {
  if (count < 2) return 2;
  signal(SIGPIPE, SIG_IGN);
  take_all_descriptors();
  crowd::Crowd all;
  all.port = static_cast<uint16_t>(atoi(words[1]));
  for (SSL_CTX* const each : {all.http1, all.http2}) {
    SSL_CTX_set_mode(each, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(each, SSL_SESS_CACHE_OFF);
  }
  SSL_CTX_set_alpn_protos(all.http2, reinterpret_cast<const unsigned char*>("\x02h2"), 3);
  Commands commands(all.epoll);
  for (;;) {
    all.turn(all.every > 0 ? std::max(1, static_cast<int>((all.next - now()) * 1e3)) : 1000);
    if (!std::exchange(all.commands_wait, false)) continue;
    const bool more = commands.take([&](const std::vector<std::string>& told) {
      if (told[0] == "open") all.open(told);
      if (told[0] == "ask") all.ask(told);
      if (told[0] == "report") all.report(told[1]);
      if (told[0] == "drop") {
        for (const auto& connection : all.groups[told[1]].connections) connection->over("dropped");
        all.groups.erase(told[1]);
        printf("{}\n");
      }
      if (told[0] == "feed") {
        all.every = atof(told[1].c_str()) / 1e3;
        printf("{}\n");
      }
    });
    if (!more) return 0;
  }
}
