// An upstream for thousands of WebSockets: says yes to each and sends all of them the same numbered message again and
// again. Prints its port; then, for each line read from standard input, one line of JSON:
//   push MS   a message every MS milliseconds from now on, 0: none: {"pushed", "open"}
//   count     {"pushed", "open"}
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <unordered_map>

namespace {

using Clock = std::chrono::steady_clock;

std::string accept_of(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE], out[64];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha1(), nullptr);
  return {reinterpret_cast<char*>(out), static_cast<size_t>(EVP_EncodeBlock(out, digest, static_cast<int>(length)))};
}

struct Pusher {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), epoll = epoll_create1(0);
  std::unordered_map<int, std::string> heads;  // of connections that are no WebSocket yet
  std::set<int> open;
  long pushed = 0;

  void watch(int fd) const {
    epoll_event event{EPOLLIN, {.fd = fd}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
  void accept_all() {
    for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      heads[fd];
      watch(fd);
    }
  }
  void read_from(int fd) {
    char bytes[4096];
    const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      heads.erase(fd);
      open.erase(fd);
      close(fd);
      return;
    }
    if (open.contains(fd)) return;  // what clients say is of no interest
    std::string& head = heads[fd];
    head.append(bytes, static_cast<size_t>(count));
    if (head.find("\r\n\r\n") == head.npos) return;
    const char* const key = strcasestr(head.c_str(), "\r\nsec-websocket-key:");
    if (key == nullptr) {
      const std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
      send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      return head.clear();
    }
    const std::string value(key + 20 + strspn(key + 20, " "), 24);
    const std::string answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        accept_of(value) + "\r\n\r\n";
    heads.erase(fd);
    open.insert(fd);
    send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
  }
  void push() {
    const std::string number = std::to_string(++pushed);
    const std::string frame = std::string("\x82") + static_cast<char>(number.size()) + number;
    for (const int fd : open) send(fd, frame.data(), frame.size(), MSG_NOSIGNAL);
  }
};

}  // namespace

int main() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  Pusher pusher;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  if (bind(pusher.listener, reinterpret_cast<sockaddr*>(&at), length) != 0 || listen(pusher.listener, 4096) != 0)
    return 1;
  getsockname(pusher.listener, reinterpret_cast<sockaddr*>(&at), &length);
  printf("%d\n", ntohs(at.sin_port));
  pusher.watch(pusher.listener);
  fcntl(0, F_SETFL, O_NONBLOCK);
  pusher.watch(0);

  std::chrono::milliseconds every{0};
  Clock::time_point next = Clock::time_point::max();
  std::string told;
  for (;;) {
    epoll_event events[256];
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    const int count =
        epoll_wait(pusher.epoll, events, 256, every.count() ? std::max<int>(0, static_cast<int>(left)) : -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == pusher.listener) {
        pusher.accept_all();
      } else if (fd != 0) {
        pusher.read_from(fd);
      } else {
        char bytes[256];
        const ssize_t got = read(0, bytes, sizeof bytes);
        if (got == 0) return 0;
        if (got > 0) told.append(bytes, static_cast<size_t>(got));
      }
    }
    for (size_t end; (end = told.find('\n')) != told.npos; told.erase(0, end + 1)) {
      if (told.starts_with("push ")) {
        every = std::chrono::milliseconds(atoi(told.c_str() + 5));
        next = every.count() ? Clock::now() + every : Clock::time_point::max();
      }
      printf("{\"pushed\": %ld, \"open\": %zu}\n", pusher.pushed, pusher.open.size());
    }
    if (Clock::now() >= next) {
      pusher.push();
      next = std::max(next + every, Clock::now());
    }
  }
}
