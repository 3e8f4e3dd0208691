// The streams of stream_crowd.cc and their connections: what is sent on them, and when what came.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "stream_crowd.h"

namespace crowd {
namespace {

nghttp2_nv pair(const std::string& name, const std::string& value) {
  const auto bytes = [](const std::string& text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

Member* member_of(nghttp2_session* session, int32_t id) {
  return static_cast<Member*>(nghttp2_session_get_stream_user_data(session, id));
}

ssize_t read_upload(nghttp2_session* session, int32_t id, uint8_t* to, size_t room, uint32_t*, nghttp2_data_source*,
                    void*) {
  Member* const member = member_of(session, id);
  if (member == nullptr || member->out.empty()) return NGHTTP2_ERR_DEFERRED;
  const size_t count = std::min(room, member->out.size());
  memcpy(to, member->out.data(), count);
  member->out.erase(0, count);
  return static_cast<ssize_t>(count);
}
int on_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name, size_t size,
              const uint8_t* value, size_t value_size, uint8_t, void*) {
  Member* const member = member_of(session, frame->hd.stream_id);
  if (member != nullptr && std::string_view(reinterpret_cast<const char*>(name), size) == ":status")
    member->status = atoi(std::string(reinterpret_cast<const char*>(value), value_size).c_str());
  return 0;
}
int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  auto& self = *static_cast<Connection*>(user);
  if (frame->hd.type == NGHTTP2_SETTINGS && !self.greeted) {
    self.greeted = true;
    self.send_requests();
  }
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  if (Member* const member = member_of(session, frame->hd.stream_id)) member->answered();
  return 0;
}
int on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size, void*) {
  if (Member* const member = member_of(session, id)) member->take({reinterpret_cast<const char*>(data), size});
  return 0;
}
int on_close(nghttp2_session* session, int32_t id, uint32_t code, void* user) {
  auto& self = *static_cast<Connection*>(user);
  Member* const member = member_of(session, id);
  if (member == nullptr) return 0;
  const std::string status = std::to_string(member->status);
  if (member == self.asked.get())
    ++self.crowd.answers[status];
  else if (member->group.what == What::kIdle && member->status == 200)
    member->was_open();
  else if (member->status >= 300)
    member->end("status:" + status);
  else
    member->end(member->code != 0 ? "close:" + std::to_string(member->code) : "rst:" + std::to_string(code));
  return 0;
}

}  // namespace

// --- a stream

// Whether what has come says that it is open.
void Member::answered() {
  if (state == State::kClosed) return;
  if (status >= 300) return;  // its end follows
  if (group.what == What::kIdle) return;
  was_open();
}

void Member::was_open() {
  if (state != State::kOpening) return;
  state = State::kOpen;
  ++group.open;
}

void Member::take(std::string_view bytes) {
  last_byte = connection.stamp;
  if (state == State::kClosed || status >= 300) return;
  in.append(bytes);
  if (group.what == What::kWebSocket) return take_frames();
  take_records(in, [this](long number, double sent) { found(number, sent); });
}

void Member::take_frames() {
  while (in.size() >= 2 && in.size() >= 2u + static_cast<unsigned char>(in[1])) {
    const int opcode = in[0] & 15;
    std::string payload = in.substr(2, static_cast<unsigned char>(in[1]));
    in.erase(0, 2 + payload.size());
    if (opcode == 8 && payload.size() >= 2)
      code = static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
    else
      take_records(payload, [this](long number, double sent) { found(number, sent); });
  }
}

void Member::found(long number, double sent) {
  if (newest != 0 && number != newest + 1) ++gaps;
  newest = number;
  ++records;
  last_record = connection.stamp;
  last_sent = sent;
}

void Member::end(const std::string& how) {
  if (state == State::kClosed) return;
  if (state == State::kOpening)
    ++group.refused;
  else
    --group.open, ++group.ended;
  state = State::kClosed;
  closed_at = connection.stamp;
  ++group.ends[how];
}

// --- a connection

void Connection::begin(uint32_t source, uint16_t port) {
  const int one = 1;
  sockaddr_in from{}, to{};
  from.sin_family = to.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + source);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0 ||
      connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    return over("connect");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  ssl = SSL_new(group.version == 2 ? crowd.http2 : crowd.http1);
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_tlsext_host_name(ssl, group.host.c_str());
  epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = this}};
  epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, fd, &event);
  SSL_connect(ssl);
  flush();
}

void Connection::handshaken() {
  up = true;
  if (group.version == 1) return send_requests();
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_session_client_new(&session, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 1);
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, 16 << 20);
}

void Connection::send_requests() {
  for (const auto& member : members) ask(*member, group.host, group.path, group.fields);
}

// Asks for the stream, or, of a member whose answer has come, once more.
void Connection::ask(Member& member, const std::string& host, const std::string& path,
                     const std::vector<std::string>& fields) {
  using enum What;
  const bool first = member.state == Member::State::kOpening;
  const What what = first ? group.what : kIdle;
  member.status = 0;
  if (group.version == 1) {
    std::string text = (what == kUpload ? "POST " : "GET ") + path + " HTTP/1.1\r\nHost: " + host + ":" +
                       std::to_string(crowd.port) + "\r\n";
    if (what == kUpload) text += "Transfer-Encoding: chunked\r\n";
    if (what == kWebSocket)
      text +=
          "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
          "MDEyMzQ1Njc4OWFiY2RlZg==\r\n";
    for (const std::string& each : fields) text += each + "\r\n";
    text += "\r\n";
    SSL_write(ssl, text.data(), static_cast<int>(text.size()));
    head_awaited = true;
  } else {
    std::vector<std::pair<std::string, std::string>> pairs = {{":method", what == kWebSocket              ? "CONNECT"
                                                                          : what == kUpload || group.grpc ? "POST"
                                                                                                          : "GET"},
                                                              {":scheme", "https"},
                                                              {":authority", host + ":" + std::to_string(crowd.port)},
                                                              {":path", path}};
    if (what == kWebSocket) {
      pairs.emplace_back(":protocol", "websocket");
      pairs.emplace_back("sec-websocket-version", "13");
    }
    if (group.grpc && first) {
      pairs.emplace_back("content-type", "application/grpc");
      pairs.emplace_back("te", "trailers");
    }
    for (const std::string& each : fields) {
      std::string name = each.substr(0, each.find(": "));
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(tolower(c)); });
      pairs.emplace_back(name, each.substr(each.find(": ") + 2));
    }
    std::vector<nghttp2_nv> lines;
    for (const auto& [name, value] : pairs) lines.push_back(pair(name, value));
    const nghttp2_data_provider body{.source = {.ptr = nullptr}, .read_callback = read_upload};
    const bool with_body = what == kUpload || what == kWebSocket || (group.grpc && first);
    member.id =
        nghttp2_submit_request(session, nullptr, lines.data(), lines.size(), with_body ? &body : nullptr, &member);
  }
  if (what == kUpload || what == kFlight) member.was_open();
}

void Connection::feed(Member& member, const std::string& text) {
  if (dead || member.state != Member::State::kOpen) return;
  if (session != nullptr) {
    if (member.out.size() < 65536) member.out += text;
    nghttp2_session_resume_data(session, member.id);
  } else {
    const std::string chunk = "1c\r\n" + text + "\r\n";
    SSL_write(ssl, chunk.data(), static_cast<int>(chunk.size()));
  }
}

void Connection::flush() {
  if (dead) return;
  if (session != nullptr) {
    const uint8_t* bytes = nullptr;
    for (ssize_t count; (count = nghttp2_session_mem_send(session, &bytes)) > 0;)
      SSL_write(ssl, bytes, static_cast<int>(count));
  }
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(SSL_get_wbio(ssl), &bytes);
  if (count > 0) waiting.append(bytes, static_cast<size_t>(count));
  (void)BIO_reset(SSL_get_wbio(ssl));
  while (!waiting.empty()) {
    const ssize_t put = send(fd, waiting.data(), waiting.size(), MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN) return waiting.clear();  // what has come is read still
    if (put < 0) return;
    waiting.erase(0, static_cast<size_t>(put));
  }
}

void Connection::readable() {
  char bytes[65536], control[256];
  iovec part{bytes, sizeof bytes};
  while (!dead) {
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t count = recvmsg(fd, &message, 0);
    if (count < 0 && errno == EAGAIN) break;
    const cmsghdr* const found = count > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    stamp = now();
    if (found != nullptr && found->cmsg_type == SO_TIMESTAMPNS) {
      timespec at{};
      memcpy(&at, CMSG_DATA(found), sizeof at);
      stamp = static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
    }
    if (count <= 0) return over(count == 0 ? "fin" : "rst");
    BIO_write(SSL_get_rbio(ssl), bytes, static_cast<int>(count));
    if (!up && SSL_connect(ssl) == 1) handshaken();
    flush();
    for (int taken; up && !dead && (taken = SSL_read(ssl, bytes, sizeof bytes)) > 0;)
      received({bytes, static_cast<size_t>(taken)});
    flush();
  }
}

void Connection::received(std::string_view bytes) {
  if (session != nullptr) {
    const auto* const data = reinterpret_cast<const uint8_t*>(bytes.data());
    if (nghttp2_session_mem_recv(session, data, bytes.size()) < 0) over("protocol");
    return;
  }
  Member& member = *members.front();
  in.append(bytes);
  member.last_byte = stamp;
  if (head_awaited) {
    const size_t end = in.find("\r\n\r\n");
    if (end == in.npos) return;
    member.status = atoi(in.c_str() + 9);
    const char* const length = strcasestr(in.c_str(), "\r\ncontent-length:");
    const bool whole = member.status >= 200 && length != nullptr && length < in.c_str() + end;
    const size_t body = whole ? strtoul(length + 17, nullptr, 10) : 0;
    const bool short_answer =
        member.status >= 300 || group.what == What::kIdle || member.state == Member::State::kClosed;
    if (short_answer && in.size() < end + 4 + body) return;
    head_awaited = false;
    in.erase(0, end + 4 + (short_answer ? body : 0));
    if (member.state == Member::State::kClosed || (group.what == What::kIdle && member.state == Member::State::kOpen))
      return void(++crowd.answers[std::to_string(member.status)]);
    if (group.what == What::kIdle && member.status == 200) return member.was_open();
    if (short_answer) return member.end("status:" + std::to_string(member.status));
    member.answered();
  }
  if (member.state == Member::State::kClosed) return;
  member.take(std::exchange(in, {}));
}

void Connection::over(const std::string& how) {
  if (dead) return;
  dead = true;
  if (stamp == 0) stamp = now();
  ended_at = stamp;
  for (const auto& member : members) member->end(member->code != 0 ? "close:" + std::to_string(member->code) : how);
  if (session != nullptr) nghttp2_session_del(std::exchange(session, nullptr));
  if (ssl != nullptr) SSL_free(std::exchange(ssl, nullptr));
  if (fd >= 0) ::close(std::exchange(fd, -1));
}

}  // namespace crowd
