#include "proxy/gateway.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <latch>
#include <mutex>

#include "proxy/admin.h"
#include "proxy/worker.h"

namespace sallyport::proxy {

struct Gateway::Inside {
  Inside(GatewayParts given, size_t count, std::vector<InheritedSocket> inherited)
      : parts(std::move(given)), tickets(parts.clock), listening(count, tickets, std::move(inherited)) {}
  AdminFacts facts() const;
  void bring_into_force(std::shared_ptr<const Settings> settings, Listening::Next next);
  // Runs it on every worker's thread and returns when the last one has.
  void on_every_worker(const std::function<std::move_only_function<void()>(size_t)>& job_of);

  const GatewayParts parts;
  TicketKeys tickets;
  AddressBudget addresses;
  Listening listening;
  std::chrono::milliseconds drain_limit{0};
  std::unique_ptr<AdminServer> admin;
  std::atomic<size_t> signs_owed{0};
  std::atomic<bool> draining{false};
  mutable std::mutex snapshot_mutex;
  std::shared_ptr<const policy::Snapshot> snapshot;
  std::vector<std::unique_ptr<Worker>> workers;
};

AdminFacts Gateway::Inside::facts() const {
  AdminFacts out;
  out.ready = true;
  if (draining.load()) {
    out.ready = false;
    out.not_ready = "draining";
  } else if (!parts.audit.has_room()) {
    out.ready = false;
    out.not_ready = "the audit log has no room";
  }
  out.sessions = parts.sessions.size();
  out.tokens = parts.tokens.size();
  out.tokens_ending = parts.tokens.ending();
  out.audit_entries = parts.audit.entries();
  out.hashing = parts.hashing.load();
  for (const sso::ProviderCertificateEnd& one : parts.gate.certificate_ends())
    out.provider_certificates.emplace_back(one.provider,
                                           static_cast<double>(count(one.ends) - count(parts.clock.wall())) / 1e6);
  const std::lock_guard lock(snapshot_mutex);
  out.resources = snapshot->resource_count();
  out.generation = snapshot->generation();
  return out;
}

Gateway::Gateway() = default;

std::expected<std::unique_ptr<Gateway>, Mistakes> Gateway::start(GatewayParts parts, const conf::NodeConfig& config,
                                                                 std::vector<InheritedSocket> inherited) {
  std::unique_ptr<Gateway> out(new Gateway);
  const auto count = static_cast<size_t>(config.workers);
  out->inside_ = std::make_unique<Inside>(std::move(parts), count, std::move(inherited));
  Inside& inside = *out->inside_;
  inside.snapshot = inside.parts.snapshot;
  auto next = inside.listening.prepare(config);
  if (!next) return std::unexpected(std::move(next.error()));

  inside.admin = std::make_unique<AdminServer>([&inside] { return inside.facts(); },
                                               [&inside] {
                                                 std::vector<const Metrics*> all;
                                                 for (const auto& worker : inside.workers)
                                                   all.push_back(&worker->metrics());
                                                 return all;
                                               });
  const auto settings = std::make_shared<const Settings>(config, inside.parts.descriptors);
  for (size_t i = 0; i < count; ++i)
    inside.workers.push_back(std::make_unique<Worker>(inside.parts, inside.addresses, settings));
  for (const auto& worker : inside.workers) worker->start(*inside.admin);
  inside.bring_into_force(settings, std::move(*next));
  return out;
}

Gateway::~Gateway() {
  if (!inside_) return;
  for (const auto& worker : inside_->workers) worker->join();
}

std::vector<BoundListener> Gateway::listeners() const { return inside_->listening.bound(); }

std::expected<void, Mistakes> Gateway::reload(const conf::NodeConfig& config) {
  auto next = inside_->listening.prepare(config);
  if (!next) return std::unexpected(std::move(next.error()));
  inside_->bring_into_force(std::make_shared<const Settings>(config, inside_->parts.descriptors), std::move(*next));
  return {};
}

void Gateway::Inside::bring_into_force(std::shared_ptr<const Settings> settings, Listening::Next next) {
  for (const LoweredLimit& each : settings->lowered)
    parts.log.warning("limits_lowered", {{"limit", each.name},
                                         {"wanted", each.wanted},
                                         {"possible", each.possible},
                                         {"descriptors", parts.descriptors},
                                         {"hint", "raise RLIMIT_NOFILE"}});
  drain_limit = settings->limits.drain;
  on_every_worker([&](size_t i) {
    return [&worker = *workers[i], settings, listeners = std::move(next.of_worker[i])]() mutable {
      worker.adopt(std::move(settings), std::move(listeners));
    };
  });
  listening.settle(std::move(next));
}

void Gateway::Inside::on_every_worker(const std::function<std::move_only_function<void()>(size_t)>& job_of) {
  std::latch done(static_cast<ptrdiff_t>(workers.size()));
  for (size_t i = 0; i < workers.size(); ++i)
    workers[i]->loop().post([job = job_of(i), &done]() mutable {
      job();
      done.count_down();
    });
  done.wait();
}

void Gateway::publish(std::shared_ptr<const policy::Snapshot> snapshot) {
  {
    const std::lock_guard lock(inside_->snapshot_mutex);
    inside_->snapshot = snapshot;
  }
  std::latch decided(static_cast<ptrdiff_t>(inside_->workers.size()));
  for (const auto& worker : inside_->workers)
    worker->loop().post([&worker = *worker, snapshot, &decided] { worker.adopt(snapshot, decided); });
  decided.wait();
}

std::shared_ptr<const policy::Snapshot> Gateway::snapshot() const {
  const std::lock_guard lock(inside_->snapshot_mutex);
  return inside_->snapshot;
}

void Gateway::publish(std::shared_ptr<const sso::AssertionKeys> keys) {
  inside_->on_every_worker([&](size_t i) { return [&worker = *inside_->workers[i], keys] { worker.adopt(keys); }; });
}

bool Gateway::all_alive() {
  if (inside_->signs_owed.load() != 0) return false;
  inside_->signs_owed = inside_->workers.size();
  for (const auto& worker : inside_->workers) worker->loop().post([&owed = inside_->signs_owed] { --owed; });
  return true;
}

void Gateway::drain() {
  inside_->draining = true;
  // Asks each worker how many connections are left until there are none or the time is over.
  const Monotonic end = inside_->parts.clock.monotonic() + inside_->drain_limit;
  for (const auto& worker : inside_->workers) worker->loop().post([&worker = *worker] { worker.drain(); });
  std::mutex mutex;
  std::condition_variable answered;
  for (;;) {
    size_t waiting = inside_->workers.size();
    size_t connections = 0;
    for (const auto& worker : inside_->workers)
      worker->loop().post([&, &worker = *worker] {
        const std::lock_guard lock(mutex);
        connections += worker.connections();
        --waiting;
        answered.notify_one();
      });
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return waiting == 0; });
    if (connections == 0 || inside_->parts.clock.monotonic() >= end) return;
    answered.wait_for(lock, std::chrono::milliseconds(20));
  }
}

}  // namespace sallyport::proxy
