// A connection that was just accepted, until it is known what it speaks: the TLS handshake, and what was agreed on in
// it (ALPN).
#pragma once

#include <memory>
#include <optional>

#include "proxy/client_connection.h"

namespace sallyport::proxy {

class TlsChannel;

class Arrival final : public ClientConnection, private IoHandler, private Deferred, private Timer {
 public:
  class Reception {
   public:
    virtual void arrived(Arrival& arrival) = 0;  // takes the channel and destroys it

   protected:
    ~Reception() = default;
  };

  // tls: the channel, where it is one; null: plain.
  Arrival(ConnectionHome& home, ConnectionOwner& owner, Reception& reception, std::unique_ptr<ByteChannel> channel,
          TlsChannel* tls, const Endpoint& peer);
  void start() override;
  void drain() override { end_soon(); }

  // --- once it has arrived
  std::unique_ptr<ByteChannel> take_channel();
  TlsChannel* tls() const { return tls_; }
  const Endpoint& peer() const { return peer_; }

 private:
  enum class State : uint8_t { kHandshake, kArrived, kOver };

  void on_io(IoReady ready) override;
  void expired() override;
  void run_deferred() override;
  void step();
  void end_soon();

  ConnectionHome& home_;
  ConnectionOwner& owner_;
  Reception& reception_;
  std::unique_ptr<ByteChannel> channel_;
  TlsChannel* tls_;
  Endpoint peer_;
  std::optional<IoEvent> io_;
  State state_ = State::kHandshake;
};

}  // namespace sallyport::proxy
