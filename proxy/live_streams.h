// The requests of one worker that are under way. Whatever ends the right to one ends it: a new snapshot has each
// decided again, and every 100 ms those whose session, token or client certificate is over are found (A5: no byte after
// 250 ms).
#pragma once

#include <cstddef>

#include "base/loop.h"
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
  ~LiveLink() {
    next_->previous_ = previous_;
    previous_->next_ = next_;
  }

 private:
  friend class LiveStreams;
  LiveLink* previous_ = this;
  LiveLink* next_ = this;
  RequestContext* context_ = nullptr;
};

class LiveStreams final : private Timer {
 public:
  LiveStreams(Loop& loop, const GatewayParts& parts);
  // From here on the request is decided again when something changes. Called before the first byte is relayed; the
  // caller has decided under the snapshot that is in force at this moment.
  void add(LiveLink& link, RequestContext& context);
  // Ends what the new snapshot does not allow. cost: one decision per request under way.
  void decide_again(const policy::Snapshot& snapshot);
  void end_tunnels();  // the process is about to end, and they never do by themselves
  bool allowed_still(const RequestContext& context, const policy::Snapshot& snapshot) const;

 private:
  void expired() override;
  bool proven_still(const RequestContext& context) const;
  std::optional<policy::Identity> identity_now(const RequestContext& context) const;
  bool certificate_ended(RequestContext& context) const;
  static void end(RequestContext& context, const char* why);

  Loop& loop_;
  const GatewayParts& parts_;
  LiveLink ring_;
};

}  // namespace sallyport::proxy
