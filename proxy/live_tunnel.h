// A tunnel under way, as who may end it sees it.
#pragma once

#include <cstdint>

namespace sallyport::proxy {

class LiveTunnel {
 public:
  // No byte is relayed from here on: both sides get a close frame where one fits in, and the connections end.
  // reason: a literal, told to the client and recorded.
  virtual void end(uint16_t close_code, const char* reason) = 0;

 protected:
  ~LiveTunnel() = default;
};

}  // namespace sallyport::proxy
