// What stream_crowd.cc is made of: groups of connections with streams on them.
#pragma once

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include <list>
#include <map>
#include <memory>

#include "stream_record.h"

namespace crowd {

struct Crowd;
struct Connection;
enum class What { kGet, kWebSocket, kUpload, kFlight, kIdle };

struct Group {
  int version = 1;
  bool grpc = false;
  What what = What::kGet;
  std::string host, path;
  std::vector<std::string> fields;
  size_t open = 0, refused = 0, ended = 0;  // ended: of those that were open
  std::map<std::string, size_t> ends;
  std::list<std::unique_ptr<Connection>> connections;
};

struct Member {
  enum class State { kOpening, kOpen, kClosed };
  Connection& connection;
  Group& group;
  State state = State::kOpening;
  int32_t id = 0;
  int status = 0, code = 0;  // code: of a WebSocket's close frame
  std::string in, out;
  long newest = 0, records = 0;
  size_t gaps = 0;
  double last_byte = 0, last_record = 0, last_sent = 0, closed_at = 0;

  Member(Connection& connection, Group& group) : connection(connection), group(group) {}
  void answered();
  void was_open();
  void take(std::string_view bytes);
  void take_frames();
  void found(long number, double sent);
  void end(const std::string& how);
};

struct Connection {
  Crowd& crowd;
  Group& group;
  int fd = -1;
  SSL* ssl = nullptr;
  nghttp2_session* session = nullptr;
  bool up = false, greeted = false, dead = false, head_awaited = false;
  std::string in, waiting;
  double stamp = 0, ended_at = 0;  // stamp: of the newest bytes
  std::vector<std::unique_ptr<Member>> members;
  std::unique_ptr<Member> asked;  // once more, over HTTP/2

  Connection(Crowd& crowd, Group& group) : crowd(crowd), group(group) {}
  void begin(uint32_t source, uint16_t port);
  void handshaken();
  void send_requests();
  void ask(Member& member, const std::string& host, const std::string& path, const std::vector<std::string>& fields);
  void feed(Member& member, const std::string& text);
  void flush();
  void readable();
  void received(std::string_view bytes);
  void over(const std::string& how);
};

struct Crowd {
  SSL_CTX* http1 = SSL_CTX_new(TLS_client_method());
  SSL_CTX* http2 = SSL_CTX_new(TLS_client_method());
  int epoll = epoll_create1(0);
  uint16_t port = 0;
  std::map<std::string, Group> groups;
  std::map<std::string, size_t> answers;
  double every = 0, next = 0;
  long fed = 0;
  bool commands_wait = false;

  void turn(int milliseconds);
  void open(const std::vector<std::string>& words);
  void ask(const std::vector<std::string>& words);
  void report(const std::string& name) const;
};

}  // namespace crowd
