// A connection that was just accepted, until it is known who it is and what it speaks: the PROXY protocol's header
// where the listener demands one, the TLS handshake, and what was agreed on in it (ALPN).
#pragma once

#include <memory>
#include <optional>

#include "proxy/client_connection.h"

namespace sallyport::proxy {

class Listener;
class TlsChannel;

class Arrival final : public ClientConnection, private IoHandler, private Deferred, private Timer {
 public:
  class Reception {
   public:
    // It is known whom the connection is from. False: it is refused, as the reception has noted.
    virtual bool admits(Arrival& arrival) = 0;
    virtual void arrived(Arrival& arrival) = 0;  // takes the channel and destroys it

   protected:
    ~Reception() = default;
  };

  // peer: the socket's other end. Where a PROXY header is demanded it has to be one of trusted_proxies, and whom it
  // announces is the peer from then on.
  Arrival(Listener& listener, ConnectionOwner& owner, Reception& reception, Fd fd, const Endpoint& peer,
          const CidrList& trusted_proxies);
  void start() override;
  void drain() override { end_soon(); }

  const Endpoint& peer() const { return peer_; }
  // --- once it has arrived
  std::unique_ptr<ByteChannel> take_channel();
  TlsChannel* tls() const { return tls_; }  // the channel, where it is one; null: plain

 private:
  enum class State : uint8_t { kHeader, kHandshake, kArrived, kOver };

  void on_io(IoReady ready) override;
  void expired() override;
  void run_deferred() override;
  void read_header();
  void open_channel();
  void step_handshake();
  void refuse_header(const char* why);
  void end_soon();

  Listener& listener_;
  ConnectionHome& home_;
  ConnectionOwner& owner_;
  Reception& reception_;
  Fd fd_;  // until there is a channel
  std::unique_ptr<ByteChannel> channel_;
  TlsChannel* tls_ = nullptr;
  Endpoint peer_;
  std::optional<IoEvent> io_;
  State state_;
  bool trusted_ = false;  // to announce somebody
};

}  // namespace sallyport::proxy
