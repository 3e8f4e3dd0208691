// The gateway's end of control.sock (CONTROL_PROTOCOL.md), on the control loop: no request passes it, and nothing here
// waits.
#pragma once

#include <memory>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "cli/control_protocol.h"
#include "cli/follower.h"

namespace sallyport::cli {

constexpr size_t kControlConversationsMax = 64;
constexpr std::chrono::seconds kControlPatience{30};  // for a line to arrive, or an answer to be taken

// What the protocol's operations do; the gateway, or a test's double.
class ControlActions {
 public:
  virtual ~ControlActions() = default;
  virtual Offload<uint64_t> follow(Loop& home, uint64_t generation) = 0;
  virtual ControlStatus status() = 0;
  // errors: kUnavailable it is ending.
  virtual Offload<ReloadOutcome> reload(Loop& home) = 0;
};

class ControlServer final : private IoHandler {
 public:
  // listening: non-blocking. Conversations run until this is destroyed.
  ControlServer(Loop& loop, Fd listening, ControlActions& actions, Log& log);
  ~ControlServer();
  size_t conversations() const { return conversations_.size(); }

 private:
  class Conversation;
  void on_io(IoReady ready) override;
  void forget(Conversation& over);
  bool make_room();

  Loop& loop_;
  Fd listening_;
  ControlActions& actions_;
  Log& log_;
  std::vector<std::unique_ptr<Conversation>> conversations_;
  ReadEvent event_;
};

}  // namespace sallyport::cli
