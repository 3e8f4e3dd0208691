// Many TLS clients in one process, for what Python would be too slow for: they open, each asks once (or opens a
// WebSocket), and then they are told what to do by lines on standard input. Each answer is one line of JSON.
//   tls_crowd PORT HOST COUNT TARGET http|websocket ['Header: value']...
// First it says {"open", "refused", "seconds"}. Then, for each line read:
//   ask K     K of them, spread evenly, ask once more, 200 at a time: {"answered", "wrong", "seconds"}
//   report    what came to the WebSockets: {"members", "closed", "codes", "silent", "gaps", "first_most",
//   "newest_least",
//             "last_message", "last_close", "last_byte", "stamps"}
// The times of what came are those at which the kernel of this machine took the bytes from the wire (SO_TIMESTAMPNS,
// seconds since 1970), not those at which this process got round to reading them: its own slowness counts against
// nobody.
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr size_t kHandshakesAtOnce = 64;
constexpr size_t kRequestsAtOnce = 200;
constexpr uint32_t kSources = 4;  // 127.0.0.1 and up: each has some 28,000 ports
constexpr double kPatience = 60;  // seconds for everything that is awaited

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

struct Crowd;

struct Member {
  enum class State { kHandshake, kAnswer, kIdle, kTunnel, kClosed };
  Crowd& crowd;
  int fd = -1;
  SSL* ssl = nullptr;
  State state = State::kHandshake;
  bool was_open = false;
  std::string input;
  double stamp = 0;  // of the newest bytes
  // --- of a WebSocket
  long first = 0, newest = 0, gaps = 0;
  int code = 0;
  double last_message = 0, closed_at = 0;

  void begin(uint32_t number);
  void readable();
  void ask();
  void flush();
  void take_answer();
  void take_frames();
  void close();
};

struct Crowd {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  int epoll = epoll_create1(0);
  uint16_t port = 0;
  std::string host, request;
  bool websocket = false, kernel_stamps = true;
  size_t opening = 0, open = 0, refused = 0, awaited = 0, answered = 0, wrong = 0;
  std::vector<std::unique_ptr<Member>> members;

  void turn(int milliseconds) {
    epoll_event events[256];
    const int count = epoll_wait(epoll, events, 256, milliseconds);
    for (int i = 0; i < count; ++i)
      if (events[i].data.ptr != nullptr) static_cast<Member*>(events[i].data.ptr)->readable();
  }
  void open_all(size_t count) {
    const double began = now();
    while (open + refused < count) {
      while (opening < kHandshakesAtOnce && members.size() < count) {
        ++opening;
        members.push_back(std::make_unique<Member>(*this));
        members.back()->begin(static_cast<uint32_t>(members.size()));
      }
      turn(1000);
      if (now() - began > 10 * kPatience) break;
    }
    printf("{\"open\": %zu, \"refused\": %zu, \"seconds\": %.2f}\n", open, refused, now() - began);
  }
  void ask(size_t count) {
    const double began = now();
    answered = wrong = 0;
    std::vector<Member*> there;  // a member that was there once, and is closed now, is asked in vain
    for (const auto& each : members)
      if (each->was_open) there.push_back(each.get());
    awaited = std::min(count, there.size());
    for (size_t asked = 0; answered + wrong < awaited && now() - began < kPatience; turn(100))
      for (; asked < awaited && asked < answered + wrong + kRequestsAtOnce; ++asked)
        there[asked * there.size() / awaited]->ask();
    printf("{\"answered\": %zu, \"wrong\": %zu, \"seconds\": %.2f}\n", answered, awaited - answered, now() - began);
  }
  void report() const {
    size_t closed = 0, silent = 0;
    long gaps = 0, first_most = 0, newest_least = -1;
    double last_message = 0, last_close = 0, last_byte = 0;
    std::map<int, size_t> codes;
    for (const auto& each : members) {
      if (each->state == Member::State::kClosed) ++closed;
      if (each->code != 0) ++codes[each->code];
      if (each->newest == 0) ++silent;
      gaps += each->gaps;
      first_most = std::max(first_most, each->first);
      newest_least = newest_least < 0 ? each->newest : std::min(newest_least, each->newest);
      last_message = std::max(last_message, each->last_message);
      last_close = std::max(last_close, each->closed_at);
      last_byte = std::max(last_byte, each->stamp);
    }
    std::string text;
    for (const auto& [code, count] : codes)
      text += (text.empty() ? "\"" : ", \"") + std::to_string(code) + "\": " + std::to_string(count);
    printf(
        "{\"members\": %zu, \"closed\": %zu, \"codes\": {%s}, \"silent\": %zu, \"gaps\": %ld, \"first_most\": %ld, "
        "\"newest_least\": %ld, \"last_message\": %.6f, \"last_close\": %.6f, \"last_byte\": %.6f, \"stamps\": "
        "\"%s\"}\n",
        members.size(), closed, text.c_str(), silent, gaps, first_most, newest_least, last_message, last_close,
        last_byte, kernel_stamps ? "kernel" : "own");
  }
};

void Member::begin(uint32_t number) {
  const int one = 1;
  sockaddr_in from{}, to{};
  from.sin_family = to.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number % kSources);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(crowd.port);
  fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0 ||
      connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    return close();
  fcntl(fd, F_SETFL, O_NONBLOCK);
  ssl = SSL_new(crowd.context);
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_tlsext_host_name(ssl, crowd.host.c_str());
  epoll_event event{EPOLLIN, {.ptr = this}};
  epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, fd, &event);
  SSL_connect(ssl);
  flush();
}

// What waits is small, and the socket's buffer takes it at once.
void Member::flush() {
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(SSL_get_wbio(ssl), &bytes);
  if (count > 0 && send(fd, bytes, static_cast<size_t>(count), MSG_NOSIGNAL) != count) return close();
  (void)BIO_reset(SSL_get_wbio(ssl));
}

void Member::ask() {
  if (state == State::kClosed) return void(++crowd.wrong);
  input.clear();
  state = State::kAnswer;
  SSL_write(ssl, crowd.request.data(), static_cast<int>(crowd.request.size()));
  flush();
}

void Member::readable() {
  char bytes[16384], control[256];
  iovec part{bytes, sizeof bytes};
  bool over = false;
  for (;;) {
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t count = recvmsg(fd, &message, 0);
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      over = true;
      break;
    }
    const cmsghdr* found = CMSG_FIRSTHDR(&message);
    if (found != nullptr && found->cmsg_type == SO_TIMESTAMPNS) {
      timespec at{};
      memcpy(&at, CMSG_DATA(found), sizeof at);
      stamp = static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
    } else {
      crowd.kernel_stamps = false;
      stamp = now();
    }
    BIO_write(SSL_get_rbio(ssl), bytes, static_cast<int>(count));
    if (state == State::kHandshake && SSL_connect(ssl) == 1) ask();
    flush();
    if (state == State::kClosed) return;
    for (int taken; state != State::kHandshake && (taken = SSL_read(ssl, bytes, sizeof bytes)) > 0;)
      input.append(bytes, static_cast<size_t>(taken));
    if (state == State::kAnswer) take_answer();
    if (state == State::kTunnel) take_frames();
  }
  if (over) close();
}

void Member::take_answer() {
  const size_t end = input.find("\r\n\r\n");
  if (end == input.npos) return;
  const bool good = input.compare(8, 4, crowd.websocket ? " 101" : " 200") == 0;
  if (!crowd.websocket || !good) {
    const char* const length = strcasestr(input.c_str(), "\r\ncontent-length:");
    const size_t body = length ? strtoul(length + 17, nullptr, 10) : 0;
    if (input.size() < end + 4 + body) return;
  }
  input.erase(0, end + 4);
  if (good) ++crowd.answered;
  if (!was_open) {
    if (!good) return close();
    was_open = true;
    ++crowd.open;
    --crowd.opening;
  } else if (!good) {
    ++crowd.wrong;
  }
  state = crowd.websocket ? State::kTunnel : State::kIdle;
  if (state == State::kIdle) input = {};
}

// Small unmasked frames: numbers as text, or a close frame.
void Member::take_frames() {
  while (input.size() >= 2 && input.size() >= 2u + static_cast<unsigned char>(input[1])) {
    const int opcode = input[0] & 15;
    const std::string payload = input.substr(2, static_cast<unsigned char>(input[1]));
    input.erase(0, 2 + payload.size());
    if (opcode == 8) {
      closed_at = stamp;
      if (payload.size() >= 2)
        code = static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
      continue;
    }
    const long number = atol(payload.c_str());
    if (newest == 0) first = number;
    if (newest != 0 && number != newest + 1) ++gaps;
    newest = number;
    last_message = stamp;
  }
}

void Member::close() {
  if (state == State::kClosed) return;
  if (state == State::kAnswer && was_open) ++crowd.wrong;
  if (!was_open) {
    ++crowd.refused;
    --crowd.opening;
  }
  state = State::kClosed;
  if (ssl != nullptr) SSL_free(ssl);
  ssl = nullptr;
  if (fd >= 0) ::close(fd);
}

}  // namespace

int main(int count, char** words) {
  if (count < 6) return 2;
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  Crowd crowd;
  crowd.port = static_cast<uint16_t>(atoi(words[1]));
  crowd.host = words[2];
  crowd.websocket = !strcmp(words[5], "websocket");
  crowd.request = std::string("GET ") + words[4] + " HTTP/1.1\r\nHost: " + words[2] + ":" + words[1] + "\r\n";
  if (crowd.websocket)
    crowd.request +=
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n";
  for (int i = 6; i < count; ++i) crowd.request += std::string(words[i]) + "\r\n";
  crowd.request += "\r\n";
  SSL_CTX_set_mode(crowd.context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(crowd.context, SSL_SESS_CACHE_OFF);
  crowd.open_all(strtoul(words[3], nullptr, 10));

  fcntl(0, F_SETFL, O_NONBLOCK);
  epoll_event event{EPOLLIN, {.ptr = nullptr}};
  epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, 0, &event);
  std::string told;
  for (char bytes[256];;) {
    crowd.turn(-1);
    const ssize_t got = read(0, bytes, sizeof bytes);
    if (got == 0) return 0;
    if (got > 0) told.append(bytes, static_cast<size_t>(got));
    for (size_t end; (end = told.find('\n')) != told.npos; told.erase(0, end + 1)) {
      if (told.starts_with("ask ")) crowd.ask(strtoul(told.c_str() + 4, nullptr, 10));
      if (told.starts_with("report")) crowd.report();
    }
  }
}
