// An upstream for thousands of streams, without TLS: HTTP/1.1, and HTTP/2 for who begins with its preface. By the first
// word of the path: /sse, /download, /grpc and /ws are sent records (stream_record.h), /upload takes them, /hold never
// answers, all else is answered at once. Prints its port; then for each line:
//   push MS        a record on each stream every MS milliseconds, a tenth of the streams at a time: {}
//   report GROUP   of the requests whose X-Group says so: {"came", "open", "uploaded", "last_up", "last_up_sent"}
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/evp.h>
#include <sys/socket.h>

#include <cstring>
#include <map>
#include <memory>
#include <unordered_map>

#include "stream_record.h"

namespace {

constexpr size_t kQueueBytesMax = 1 << 20;  // on a connection whose reader does not read
constexpr size_t kTenths = 10;

struct Group {
  size_t came = 0, open = 0, uploaded = 0;
  double last_up = 0, last_up_sent = 0;
};
struct Upstream;
struct Connection;

struct Stream {
  enum class Kind { kNone, kSse, kDownload, kGrpc, kWebSocket, kUpload, kHold };
  Connection& connection;
  int32_t id = 0;  // 0: HTTP/1.1
  Kind kind = Kind::kNone;
  Group* group = nullptr;
  std::string path, key, name, in, out;
  size_t tenth = 0;
  long pushed = 0;
  bool over = false;

  ~Stream() {
    if (group != nullptr) --group->open;
  }
  void begin(Upstream& all);
  void take(std::string_view bytes);
  void push();
};

struct Connection {
  Upstream& all;
  int fd;
  std::string in, out;
  nghttp2_session* session = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<Stream>> streams;
  bool begun = false, dead = false;

  Connection(Upstream& all, int fd) : all(all), fd(fd) {}
  ~Connection() {
    if (session != nullptr) nghttp2_session_del(session);
    close(fd);
  }
  void readable();
  void read_http1();
  void send_all();
  void say(std::string_view bytes) {
    out.append(bytes);
    send_all();
  }
  void flush_http2() {
    const uint8_t* bytes = nullptr;
    while (out.size() < kQueueBytesMax) {
      const ssize_t count = nghttp2_session_mem_send(session, &bytes);
      if (count <= 0) break;
      out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
    }
    send_all();
  }
};

struct Upstream {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), epoll = epoll_create1(0);
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections;
  std::map<std::string, Group> groups;
  size_t made = 0, tenth = 0;

  void accept_all() {
    const int one = 1;
    for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      auto made = std::make_unique<Connection>(*this, fd);
      epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = made.get()}};
      epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
      connections.emplace(made.get(), std::move(made));
    }
  }
  void push() {
    tenth = (tenth + 1) % kTenths;
    for (const auto& [raw, _] : connections) {
      for (const auto& [id, stream] : raw->streams)
        if (stream->tenth == tenth) stream->push();
      if (raw->session != nullptr) raw->flush_http2();
    }
    std::erase_if(connections, [](const auto& each) { return each.first->dead; });
  }
};

// --- streams

void Stream::begin(Upstream& all) {
  using enum Kind;
  const std::map<std::string_view, Kind> kinds = {{"/sse", kSse},      {"/download", kDownload}, {"/grpc", kGrpc},
                                                  {"/ws", kWebSocket}, {"/upload", kUpload},     {"/hold", kHold}};
  const auto found = kinds.find(std::string_view(path).substr(0, path.find_first_of("/?", 1)));
  kind = found == kinds.end() ? kNone : found->second;
  if (kind == kNone) return;
  tenth = ++all.made % kTenths;
  group = &all.groups[name];
  ++group->came;
  ++group->open;
}

void Stream::take(std::string_view bytes) {
  if (kind != Kind::kUpload) return;
  in.append(bytes);
  group->last_up = now();
  take_records(in, [this](long, double sent) {
    ++group->uploaded;
    group->last_up_sent = std::max(group->last_up_sent, sent);
  });
}

void Stream::push() {
  const bool sent_to = kind != Kind::kNone && kind != Kind::kUpload && kind != Kind::kHold;
  if (!sent_to || connection.out.size() + out.size() > kQueueBytesMax) return;
  const std::string text = record(++pushed);
  std::string bytes;
  switch (kind) {
    case Kind::kNone:
    case Kind::kUpload:
    case Kind::kHold:
      return;
    case Kind::kSse:
      bytes = "data: " + text + "\n\n";
      if (id == 0) bytes = "24\r\n" + bytes + "\r\n";
      break;
    case Kind::kDownload:
      bytes = text;
      break;
    case Kind::kGrpc:
      bytes = std::string("\0\0\0\0\x1c", 5) + text;
      break;
    case Kind::kWebSocket:
      bytes = "\x82\x1c" + text;
      break;
  }
  if (id == 0) return connection.say(bytes);
  out.append(bytes);
  nghttp2_session_resume_data(connection.session, id);
}

// --- HTTP/1.1

std::string field(const std::string& head, const char* name) {
  const char* const found = strcasestr(head.c_str(), (std::string("\r\n") + name + ": ").c_str());
  if (found == nullptr) return "";
  const char* const value = found + strlen(name) + 4;
  return {value, strcspn(value, "\r")};
}

std::string accept_of(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE], out[64];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha1(), nullptr);
  return {reinterpret_cast<char*>(out), static_cast<size_t>(EVP_EncodeBlock(out, digest, static_cast<int>(length)))};
}

void Connection::read_http1() {
  for (;;) {
    if (!streams.empty()) {
      streams.begin()->second->take(in);
      return in.clear();
    }
    const size_t end = in.find("\r\n\r\n");
    if (end == in.npos) return;
    const std::string head = in.substr(0, end + 2);
    in.erase(0, end + 4);
    auto stream = std::make_unique<Stream>(*this);
    stream->path = head.substr(head.find(' ') + 1);
    stream->path.resize(stream->path.find(' '));
    stream->name = field(head, "x-group");
    stream->begin(all);
    switch (stream->kind) {
      case Stream::Kind::kSse:
        say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        break;
      case Stream::Kind::kDownload:
        say("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000000000\r\n\r\n");
        break;
      case Stream::Kind::kWebSocket:
        say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
            accept_of(field(head, "sec-websocket-key")) + "\r\n\r\n");
        break;
      case Stream::Kind::kUpload:
      case Stream::Kind::kHold:
        break;
      case Stream::Kind::kGrpc:
      case Stream::Kind::kNone:
        say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        continue;
    }
    streams.emplace(0, std::move(stream));
  }
}

// --- HTTP/2

Stream* stream_of(nghttp2_session* session, int32_t id) {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
}

ssize_t read_out(nghttp2_session* session, int32_t id, uint8_t* to, size_t room, uint32_t* flags, nghttp2_data_source*,
                 void*) {
  Stream* const stream = stream_of(session, id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const size_t count = std::min(room, stream->out.size());
  memcpy(to, stream->out.data(), count);
  stream->out.erase(0, count);
  if (count == 0 && !stream->over) return NGHTTP2_ERR_DEFERRED;
  if (stream->over && stream->out.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(count);
}

nghttp2_nv pair(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

int on_begin(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  auto& self = *static_cast<Connection*>(user);
  auto& made = self.streams[frame->hd.stream_id] = std::make_unique<Stream>(self);
  made->id = frame->hd.stream_id;
  nghttp2_session_set_stream_user_data(session, made->id, made.get());
  return 0;
}
int on_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
              const uint8_t* value, size_t value_size, uint8_t, void*) {
  Stream* const stream = stream_of(session, frame->hd.stream_id);
  const std::string_view key(reinterpret_cast<const char*>(name), name_size);
  if (stream == nullptr) return 0;
  if (key == ":path") stream->path.assign(reinterpret_cast<const char*>(value), value_size);
  if (key == "x-group") stream->name.assign(reinterpret_cast<const char*>(value), value_size);
  return 0;
}
int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  Stream& stream = *stream_of(session, frame->hd.stream_id);
  stream.begin(static_cast<Connection*>(user)->all);
  if (stream.kind == Stream::Kind::kUpload || stream.kind == Stream::Kind::kHold) return 0;
  const std::string_view type = stream.kind == Stream::Kind::kSse    ? "text/event-stream"
                                : stream.kind == Stream::Kind::kGrpc ? "application/grpc"
                                                                     : "application/octet-stream";
  std::vector<nghttp2_nv> fields = {pair(":status", "200"), pair("content-type", type)};
  if (stream.kind == Stream::Kind::kDownload) fields.push_back(pair("content-length", "1000000000"));
  if (stream.kind == Stream::Kind::kNone) {
    stream.out = "ok";
    stream.over = true;
  }
  const nghttp2_data_provider body{.source = {.ptr = nullptr}, .read_callback = read_out};
  return nghttp2_submit_response(session, stream.id, fields.data(), fields.size(), &body);
}
int on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size, void*) {
  if (Stream* const stream = stream_of(session, id)) stream->take({reinterpret_cast<const char*>(data), size});
  return 0;
}
int on_close(nghttp2_session*, int32_t id, uint32_t, void* user) {
  static_cast<Connection*>(user)->streams.erase(id);
  return 0;
}

nghttp2_session* begin_http2(Connection& connection) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_session* session = nullptr;
  nghttp2_session_server_new(&session, callbacks, &connection);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 1);
  return session;
}

// --- connections

void Connection::send_all() {
  while (!out.empty()) {
    const ssize_t put = send(fd, out.data(), out.size(), MSG_NOSIGNAL);
    if (put < 0) {
      dead = errno != EAGAIN;
      return;
    }
    out.erase(0, static_cast<size_t>(put));
  }
}

void Connection::readable() {
  char bytes[65536];
  for (;;) {
    const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      dead = true;
      return;
    }
    in.append(bytes, static_cast<size_t>(count));
    if (!begun) {
      if (in.size() < 4) continue;
      begun = true;
      if (in.starts_with("PRI ")) session = begin_http2(*this);
    }
    if (session == nullptr) {
      read_http1();
      continue;
    }
    const ssize_t taken = nghttp2_session_mem_recv(session, reinterpret_cast<const uint8_t*>(in.data()), in.size());
    if (taken < 0) dead = true;
    in.clear();
  }
  if (session != nullptr) flush_http2();
}

}  // namespace

int main() {
  take_all_descriptors();
  Upstream all;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  if (bind(all.listener, reinterpret_cast<sockaddr*>(&at), length) != 0 || listen(all.listener, 4096) != 0) return 1;
  getsockname(all.listener, reinterpret_cast<sockaddr*>(&at), &length);
  epoll_event event{EPOLLIN, {.ptr = &all}};
  epoll_ctl(all.epoll, EPOLL_CTL_ADD, all.listener, &event);
  Commands commands(all.epoll);
  printf("%d\n", ntohs(at.sin_port));
  double every = 0, next = 0;
  for (;;) {
    epoll_event events[256];
    const double left = every > 0 ? std::max(0.0, next - now()) : 3600;
    const int count = epoll_wait(all.epoll, events, 256, static_cast<int>(left * 1e3) + (left > 0 ? 1 : 0));
    for (int i = 0; i < count; ++i) {
      void* const what = events[i].data.ptr;
      if (what == &all) {
        all.accept_all();
      } else if (what == nullptr) {
        const bool more = commands.take([&](const std::vector<std::string>& words) {
          if (words[0] == "push") {
            every = atof(words[1].c_str()) / 1e3 / kTenths;
            next = now();
            printf("{}\n");
          } else {
            const Group& group = all.groups[words[1]];
            printf("{\"came\": %zu, \"open\": %zu, \"uploaded\": %zu, \"last_up\": %.6f, \"last_up_sent\": %.6f}\n",
                   group.came, group.open, group.uploaded, group.last_up, group.last_up_sent);
          }
        });
        if (!more) return 0;
      } else if (const auto found = all.connections.find(static_cast<Connection*>(what));
                 found != all.connections.end()) {
        found->first->readable();
        if (!found->first->dead && found->first->session == nullptr) found->first->send_all();
        if (found->first->dead) all.connections.erase(found);
      }
    }
    if (every > 0 && now() >= next) {
      all.push();
      next = std::max(next + every, now());
    }
  }
}
