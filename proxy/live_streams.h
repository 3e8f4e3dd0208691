// The requests of one worker that are under way. Whatever ends the right to one ends it (docs/REVOCATION.md is the
// table): a new snapshot has each decided again, and every 100 ms those whose session, token or client certificate is
// over are found (A5: no byte after 250 ms). Thousands of them are looked at in slices, so that no turn of the loop
// gets long.
#pragma once

#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <optional>
#include <vector>

#include "base/loop.h"
#include "base/result.h"
#include "policy/snapshot.h"

namespace sallyport::proxy {

struct GatewayParts;
struct RequestContext;

// A place in the worker's list; unlinks itself.
class LiveLink {
 public:
  LiveLink() = default;
  LiveLink(const LiveLink&) = delete;
  LiveLink& operator=(const LiveLink&) = delete;
  ~LiveLink() { unlink(); }

 private:
  friend class LiveStreams;
  void unlink() {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = this;
  }
  LiveLink* previous_ = this;
  LiveLink* next_ = this;
  RequestContext* context_ = nullptr;
};

class LiveStreams final : private Timer {
 public:
  struct Ending {
    const char* reason;  // for the audit entry
    Error told;          // to the client
  };

  LiveStreams(Loop& loop, const GatewayParts& parts);
  // From here on the request is decided again when something changes. Called before the first byte is relayed.
  void add(LiveLink& link, RequestContext& context);
  // Why a request may not go on under this snapshot, as things are now. cost: one decision.
  std::optional<Ending> ending_of(const RequestContext& context, const policy::Snapshot& snapshot) const;
  // Ends what the new snapshot does not allow, then counts `decided` down: now if there is little, else some turns
  // later.
  void decide_again(std::shared_ptr<const policy::Snapshot> snapshot, std::latch& decided);
  void end_tunnels();  // the process is about to end, and they never do by themselves

 private:
  struct Asker {
    policy::Identity identity;
    std::shared_ptr<const policy::TokenScope> scope;  // what identity.scope points at
  };
  std::optional<Asker> asker_of(const RequestContext& context) const;
  void expired() override;
  void look_at_all();
  void put_last(LiveLink& link);
  void go_on();  // until the mark, or until the slice is over
  std::optional<Ending> proof_over(const RequestContext& context) const;
  bool certificate_ended(RequestContext& context) const;
  static void end(RequestContext& context, const Ending& ending);

  Loop& loop_;
  const GatewayParts& parts_;
  LiveLink ring_;
  // A walk takes the first and puts it last, until it meets the mark; what comes meanwhile comes behind that.
  LiveLink mark_;
  bool walking_ = false;
  bool again_ = false;  // a tick came meanwhile
  bool ticking_ = false;
  Monotonic paused_{};                                // at the end of the last slice
  std::shared_ptr<const policy::Snapshot> deciding_;  // of this walk; null: only proofs and certificates are looked at
  std::vector<std::latch*> waiting_;                  // for its end
};

}  // namespace sallyport::proxy
