#include "proxy/byte_channel.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace sallyport::proxy {
namespace {

// In a process with threads the C library's recv() and send() are cancellation points, two locked instructions around
// each call. No thread of ours is ever cancelled.
ssize_t receive_once(int fd, void* into, size_t size) {
  return ::syscall(SYS_recvfrom, fd, into, size, 0, nullptr, nullptr);
}
ssize_t send_once(int fd, const void* from, size_t size) {
  return ::syscall(SYS_sendto, fd, from, size, MSG_NOSIGNAL, nullptr, 0);
}

}  // namespace

ssize_t Socket::receive(void* into, size_t size) {
  for (;;) {
    const ssize_t got = receive_once(fd_.get(), into, size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) drained_ = true;
    short_ = got > 0 && static_cast<size_t>(got) < size && !closed_;
    if (short_) drained_ = true;
    return got;
  }
}

ssize_t Socket::transmit(const void* from, size_t size) {
  for (;;) {
    const ssize_t put = send_once(fd_.get(), from, size);
    if (put < 0 && errno == EINTR) continue;
    return put;
  }
}

void Socket::shut_write() { ::shutdown(fd_.get(), SHUT_WR); }

IoResult PlainChannel::read(std::span<char> into) {
  if (socket_.drained()) return {Io::kBlocked};
  const ssize_t got = socket_.receive(into.data(), into.size());
  if (got > 0) return {Io::kOk, static_cast<size_t>(got)};
  if (got == 0) return {Io::kEnd};
  return {errno == EAGAIN ? Io::kBlocked : Io::kBroken};
}

Io PlainChannel::write(std::string_view data) {
  if (queued() > 0) {
    queue_.append(data);
    return Io::kOk;
  }
  const ssize_t put = socket_.transmit(data.data(), data.size());
  if (put < 0 && errno != EAGAIN) return Io::kBroken;
  const size_t sent = put < 0 ? 0 : static_cast<size_t>(put);
  if (sent < data.size()) {
    queue_.assign(data.substr(sent));
    sent_ = 0;
  }
  return Io::kOk;
}

Io PlainChannel::flush() {
  while (queued() > 0) {
    const ssize_t put = socket_.transmit(queue_.data() + sent_, queue_.size() - sent_);
    if (put < 0) return errno == EAGAIN ? Io::kBlocked : Io::kBroken;
    sent_ += static_cast<size_t>(put);
  }
  std::string().swap(queue_);
  sent_ = 0;
  return Io::kOk;
}

bool PlainChannel::peer_broken() {
  char byte;
  const ssize_t got = ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && errno != EAGAIN && errno != EINTR;
}

}  // namespace sallyport::proxy
