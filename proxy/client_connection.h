// A client's connection as its worker keeps it, whatever is spoken on it: first an Arrival, then what the Arrival
// turned out to be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/loop.h"
#include "conf/node_config.h"
#include "proxy/codec/held_memory.h"
#include "proxy/input_buffer.h"
#include "proxy/metrics.h"
#include "proxy/request_ids.h"

namespace sallyport::proxy {

// What the connections of a listener share.
struct ConnectionHome {
  Loop& loop;
  BlockPool& blocks;
  std::string& out;  // scratch where responses are put together; empty between calls
  const conf::Limits& limits;
  const http::HeadLimits& head_limits;
  const bool& draining;
  Metrics& metrics;
  RequestIds& ids;
  HeldMemory& memory;
};

class ClientConnection {
 public:
  virtual ~ClientConnection() = default;
  virtual void start() = 0;  // may end it (deferred)
  virtual void drain() = 0;  // ends when idle, else after the exchanges under way
};

class ConnectionOwner {
 public:
  virtual void connection_over(ClientConnection& connection) = 0;  // destroys it
  // A request that could not even be read: to be logged and recorded.
  virtual void head_refused(const PeerAddress& peer, std::string_view request_id, int status, const char* why) = 0;
  // A client that does what no honest one does, whose connection ends for it: to be logged.
  virtual void connection_refused(const PeerAddress& peer, const char* why) = 0;

 protected:
  ~ConnectionOwner() = default;
};

}  // namespace sallyport::proxy
