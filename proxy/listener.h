// One listener of one worker: takes connections in small batches, pauses when the worker is full or the process is out
// of descriptors, and never spins. What it hands to a new connection may change; its socket never does.
#pragma once

#include <optional>

#include "base/loop.h"
#include "proxy/client_connection.h"
#include "proxy/listening.h"

namespace sallyport::proxy {

class Worker;

class Listener final : private IoHandler, private Timer {
 public:
  Listener(Worker& worker, WorkerListener wanted);
  ~Listener() = default;

  uint64_t id() const { return id_; }
  conf::ListenerKind kind() const { return kind_; }
  bool proxy_protocol() const { return proxy_protocol_; }
  ConnectionHome& home() { return home_; }
  // Counts for connections from now on.
  void change(WorkerListener wanted);
  // Its connections end after the exchange under way.
  void begin_drain() { draining_ = true; }
  // Takes those who wait already, then nobody any more.
  void close();
  // The connection's channel; null when memory is out. tls: null for a plain one.
  std::unique_ptr<ByteChannel> channel(Fd fd, TlsChannel*& tls) const;

  size_t connections = 0;  // of it that are open; the worker counts

 private:
  void on_io(IoReady ready) override;
  void expired() override;
  void pause();
  bool take_one();  // false: none is left, or not now

  Worker& worker_;
  const uint64_t id_;
  conf::ListenerKind kind_;
  bool proxy_protocol_;
  std::optional<ServerTls> tls_;
  bool draining_ = false;
  ConnectionHome home_;
  Fd fd_;
  std::optional<ReadEvent> event_;  // nothing: closed
};

}  // namespace sallyport::proxy
