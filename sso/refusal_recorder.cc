#include "sso/refusal_recorder.h"

namespace sallyport::sso {

void RefusalRecorder::record(const std::string& user, const IpAddress& client, const char* reason, WallMicros at,
                             Monotonic now) {
  storage::AdminEvent event;
  event.at = at;
  event.action = "sign_in.refused";
  event.actor = user.empty() ? "unknown" : user;
  event.object = user.empty() ? "" : "user " + user;
  event.client = client.to_string();
  event.detail = reason;

  const std::lock_guard lock(mutex_);
  if (budget_.wait({}, now) > std::chrono::nanoseconds::zero()) {
    ++unrecorded_;
    return;
  }
  budget_.take({}, now);
  if (unrecorded_ > 0) event.detail += "; " + std::to_string(unrecorded_) + " more were refused since the last entry";
  const bool queued = store_.submit([event = std::move(event), &log = log_](storage::Store& store) {
    const auto committed = store.commit({}, {event});
    if (!committed) log.error("audit_event_lost", {{"action", event.action}, {"reason", committed.error().what}});
  });
  unrecorded_ = queued ? 0 : unrecorded_ + 1;
}

}  // namespace sallyport::sso
