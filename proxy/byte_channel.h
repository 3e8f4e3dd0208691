// A bidirectional stream of bytes over a non-blocking socket: plain here, TLS in proxy/tls. Never blocks, never
// allocates per call. Edge-triggered contract: after kBlocked from read() the next readable edge will come; write()
// keeps what it could not send to the socket yet (see queued()).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/loop.h"

namespace sallyport::proxy {

enum class Io : uint8_t {
  kOk,       // some bytes moved
  kBlocked,  // wait for the next edge
  kEnd,      // the peer ended its side in order (FIN; close_notify under TLS)
  kBroken,   // reset, truncated TLS stream, protocol error
};

struct IoResult {
  Io io;
  size_t bytes = 0;
};

// The socket under a channel, with what edge-triggered reading must remember between calls.
class Socket {
 public:
  explicit Socket(Fd fd) : fd_(std::move(fd)) {}
  int fd() const { return fd_.get(); }
  void edge(IoReady ready) {
    if (ready.closed) closed_ = true;
    if (ready.readable || ready.closed) drained_ = false;
  }
  bool drained() const { return drained_; }
  // A short read says that the socket is empty, but an error or end that came with the same edge stays unseen. Who is
  // about to wait for more asks first: true (once) means read again before waiting.
  bool recheck() {
    if (!std::exchange(short_, false)) return false;
    drained_ = false;
    return true;
  }
  // Nothing is expected before the next edge, and that will bring whatever comes.
  void settle() { short_ = false; }
  // Something is wrong with it, which a read would tell.
  void look_again() { drained_ = false; }
  // recv/send once. A short read means drained, unless the end is known to be near.
  ssize_t receive(void* into, size_t size);
  ssize_t transmit(const void* from, size_t size);
  void shut_write();

 private:
  Fd fd_;
  bool drained_ = false;
  bool short_ = false;
  bool closed_ = false;
};

class ByteChannel {
 public:
  explicit ByteChannel(Fd fd) : socket_(std::move(fd)) {}
  virtual ~ByteChannel() = default;
  ByteChannel(const ByteChannel&) = delete;
  ByteChannel& operator=(const ByteChannel&) = delete;

  // kOk when ready for data; kBlocked: call again after the next edge. Plain channels are ready at once.
  virtual Io handshake() { return Io::kOk; }
  virtual IoResult read(std::span<char> into) = 0;
  // Takes all of `data` (kOk) or finds the channel broken. What the socket does not take now is queued.
  virtual Io write(std::string_view data) = 0;
  virtual size_t queued() const = 0;
  virtual Io flush() = 0;  // kOk: nothing is queued any more
  // Might read() give something without a new edge?
  virtual bool readable_now() const { return !socket_.drained(); }
  // Has the peer gone without order? Looks without taking bytes; for a connection that nobody reads at the moment.
  virtual bool peer_broken() = 0;
  virtual void end_write() = 0;  // orderly end of our side

  Socket& socket() { return socket_; }
  int fd() const { return socket_.fd(); }

 protected:
  Socket socket_;
};

class PlainChannel final : public ByteChannel {
 public:
  using ByteChannel::ByteChannel;
  IoResult read(std::span<char> into) override;
  Io write(std::string_view data) override;
  size_t queued() const override { return queue_.size() - sent_; }
  Io flush() override;
  bool peer_broken() override;
  void end_write() override { socket_.shut_write(); }

 private:
  std::string queue_;
  size_t sent_ = 0;
};

}  // namespace sallyport::proxy
