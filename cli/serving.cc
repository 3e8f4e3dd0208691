#include "cli/serving.h"

#include <unistd.h>

#include <future>

#include "cli/audit_key.h"
#include "cli/control_server.h"
#include "cli/process.h"
#include "cli/reloadable.h"
#include "cli/unix_socket.h"
#include "proxy/tls/certificate_worries.h"
#include "storage/resource_service.h"

namespace sallyport::cli {

namespace {

// An expired token is told from an unknown one for so long, as in the store.
constexpr std::chrono::days kTokensRemembered{30};

constexpr std::string_view kNoRoom = "no room for the audit log";
// In MiB: a segment, the next one, and the ring, laid out before anything is recorded.
uint64_t room_of(const conf::AuditConfig& audit) {
  return (2 * audit.segment_bytes + storage::AuditOptions{}.ring_bytes) >> 20;
}

// One change of a trouble, as a line of the log.
void tell(Log& log, const char* event, bool before, bool now) {
  if (before == now) return;
  if (now)
    log.error(event);
  else
    log.info(event, {{"over", true}});
}

void tell_certificate_worries(Log& log, const conf::NodeConfig& config, WallMicros now) {
  for (const Mistake& worry : proxy::certificate_worries(config, now))
    log.warning("certificate", {{"place", worry.path}, {"reason", worry.message}});
}

}  // namespace

Serving::Serving(NodeParts node, Log& log)
    : log_(log), node_(std::move(node)), uses_(sessions_, tokens_, node_.clock), token_ends_(tokens_, log) {}

Serving::~Serving() {
  told_of_endings_ = nullptr;
  follower_.reset();
  gateway_.reset();
  if (fetcher_) fetcher_->stop();
  asking_.reset();  // what runs there speaks to the sign-in
  xml_.reset();
}

Outcome<std::unique_ptr<Serving>> Serving::start(conf::NodeConfig config, std::vector<proxy::InheritedSocket> inherited,
                                                 Log& log) {
  auto node = open_node(std::move(config), StoreUse::kServe);
  if (!node) return std::unexpected(std::move(node.error()));
  auto serving = std::make_unique<Serving>(std::move(*node), log);
  if (auto listening = serving->listen_for_commands(); !listening) return std::unexpected(std::move(listening.error()));
  if (auto loaded = serving->load(); !loaded) return std::unexpected(std::move(loaded.error()));
  if (auto open = serving->open_gates(std::move(inherited)); !open) return std::unexpected(std::move(open.error()));
  return serving;
}

// Before anything is loaded: a command that commits from now on is answered once it is in force, and what was committed
// before is loaded. Since the store's lock is held, a socket that is there was left behind.
Outcome<void> Serving::listen_for_commands() {
  auto control = listen_unix(control_socket(), kControlConversationsMax);
  if (!control) return failure("cannot listen at " + control_socket(), control.error());
  control_ = std::move(*control);
  return {};
}

Outcome<void> Serving::load() {
  storage::Store& store = *node_.store;
  const WallMicros now = node_.clock.wall();
  auto seed = open_audit_key(store, *node_.keyring, now);
  if (!seed) return std::unexpected(std::move(seed.error()));
  const conf::AuditConfig& wanted = node_.config.audit;
  auto audit = storage::AuditLog::open({.dir = wanted.dir,
                                        .installation = node_.keyring->installation(),
                                        .node = "",
                                        .anchor = wanted.anchor_path(),
                                        .segment_bytes = wanted.segment_bytes},
                                       *seed, node_.clock);
  if (!audit) {
    Failure failed = failure_of("cannot open the audit log " + wanted.dir, audit.error());
    if (audit.error().what == kNoRoom)
      failed.message += ": a new one takes " + std::to_string(room_of(wanted)) + " MiB";
    return std::unexpected(std::move(failed));
  }
  audit_ = std::move(*audit);
  last_health_.room = true;
  refused_ = std::make_unique<RefusedRecords>(log_, *audit_);

  if (auto keys = load_assertion_keys(); !keys) return keys;

  auto rows = store.resources_since(storage::Generation{0});
  if (!rows) return failure("cannot read the resources", rows.error());
  const auto records = storage::judged(std::move(rows->changed), *node_.keyring);
  refused_->look_at(records, now);
  first_snapshot_ = policy::Snapshot::build(count(rows->generation), records);

  const auto sessions = store.sessions(now);
  if (!sessions) return failure("cannot read the sessions", sessions.error());
  for (const storage::SessionRecord& session : *sessions) sessions_.insert(session);
  const auto tokens = store.tokens();
  if (!tokens) return failure("cannot read the tokens", tokens.error());
  for (const storage::TokenRecord& token : *tokens) tokens_.insert(token);
  tokens_.limit_life(first_snapshot_->platform().token_life_max);
  return {};
}

Outcome<void> Serving::load_assertion_keys() {
  storage::Store& store = *node_.store;
  const WallMicros now = node_.clock.wall();
  const auto made = sso::roll_over(store, *node_.keyring, now, sso::RollOver::kWhenDue, actor());
  if (!made) return failure("cannot make the keys that sign for upstreams", made.error());
  const auto records = store.named_keys(sso::kAssertionKeyPurpose);
  if (!records) return failure("cannot read the keys that sign for upstreams", records.error());
  const http::Url& gate = node_.config.gate;
  assertion_keys_ =
      std::make_unique<AssertionKeySource>(*node_.keyring, *refused_, log_, gate.scheme + "://" + gate.authority());
  first_assertion_keys_ = assertion_keys_->look_at(*records, now);
  if (!first_assertion_keys_) return failure("there is no key that signs for upstreams");
  return {};
}

Outcome<void> Serving::open_gates(std::vector<proxy::InheritedSocket> inherited) {
  store_ = std::make_unique<storage::StoreThread>(std::move(node_.store));
  const size_t threads = sso::hashing_threads();
  hashing_ = std::make_unique<BlockingPool>("passwords", threads, threads * sso::kHashingQueuePerThread, Pace::kBehind);
  fetcher_ = std::make_unique<CurlFetcher>();
  xml_ = std::make_unique<BlockingPool>("xml", sso::xml_threads(), sso::kXmlQueueMax, Pace::kBehind);
  asking_ = std::make_unique<BlockingPool>("providers", sso::kProviderThreads, sso::kProviderQueueMax, Pace::kBehind,
                                           sso::kBoundsOfOneProvider);
  keys_ = std::make_unique<storage::LocalKeyHolder>(*node_.keyring);
  // Streams that a session carries end when its snapshot is published again: see Follower.
  const auto session_ended = [this](const RecordId&) {
    if (Follower* const follower = told_of_endings_) follower->poke();
  };
  auto sign_in = sso::SignIn::make(
      {.store = *store_,
       .sessions = sessions_,
       .tokens = tokens_,
       .keyring = *node_.keyring,
       .keys = *keys_,
       .hashing = *hashing_,
       .clock = node_.clock,
       .log = log_,
       .gate = node_.config.gate,
       .session_ended = session_ended,
       .in_force = [this](Loop& home, storage::Generation generation) { return in_force(home, generation); },
       .lanes = sso::ProviderLanes{
           .xml = *xml_, .asking = *asking_, .fetcher = *fetcher_, .snapshot = [this] { return newest_snapshot(); }}});
  if (!sign_in) return failure("cannot open the sign-in", sign_in.error());
  sign_in_ = std::move(*sign_in);
  auto gateway = proxy::Gateway::start({.clock = node_.clock,
                                        .log = log_,
                                        .sessions = sessions_,
                                        .tokens = tokens_,
                                        .rates = rates_,
                                        .keys = *keys_,
                                        .audit = *audit_,
                                        .gate = *sign_in_,
                                        .snapshot = first_snapshot_,
                                        .assertion_keys = std::exchange(first_assertion_keys_, nullptr),
                                        .hashing = *hashing_,
                                        .installation = node_.keyring->installation(),
                                        .descriptors = descriptors_allowed()},
                                       node_.config, std::move(inherited));
  if (!gateway) return failure(std::move(gateway.error()));
  gateway_ = std::move(*gateway);
  tell_certificate_worries(log_, node_.config, node_.clock.wall());
  follower_ = std::make_unique<Follower>(FollowerParts{.store = *store_,
                                                       .keyring = *node_.keyring,
                                                       .sessions = sessions_,
                                                       .tokens = tokens_,
                                                       .gateway = *gateway_,
                                                       .refused = *refused_,
                                                       .assertion_keys = *assertion_keys_,
                                                       .log = log_,
                                                       .clock = node_.clock},
                                         std::move(first_snapshot_));
  told_of_endings_ = follower_.get();
  look_for_token_ends();
  return {};
}

std::shared_ptr<const policy::Snapshot> Serving::newest_snapshot() const {
  const Follower* const follower = told_of_endings_;
  return follower == nullptr ? nullptr : follower->newest();
}

void Serving::tick_providers() { sign_in_->tick(newest_snapshot()); }

// Where the follower fails it says so itself, and looks again within a second.
Task<void> Serving::in_force(Loop& home, storage::Generation generation) {
  Follower* const follower = told_of_endings_;
  if (follower == nullptr) co_return;
  auto following = follower->follow(home, count(generation));
  (void)co_await following;
}

ReloadOutcome Serving::reload() {
  const auto lines = [](const Mistakes& mistakes) {
    std::vector<std::string> out;
    for (const Mistake& mistake : mistakes) out.push_back(to_line(mistake));
    return std::unexpected(std::move(out));
  };
  auto wanted = conf::read_node_config(node_.config.file);
  if (!wanted) return lines(wanted.error());
  if (const Mistakes mistakes = conf::check_files(*wanted, conf::CheckAt::kReload); !mistakes.empty())
    return lines(mistakes);
  RestartNeeded out{keys_that_need_restart(node_.config, *wanted)};
  const conf::NodeConfig taken = reloadable_part(node_.config, std::move(*wanted));
  if (const auto reloaded = gateway_->reload(taken); !reloaded) return lines(reloaded.error());
  log_.set_level(taken.log_level);
  tell_certificate_worries(log_, taken, node_.clock.wall());
  follower_->poke();
  return out;
}

ControlStatus Serving::status() const {
  return {.generation = follower_->in_force(),
          .sessions = sessions_.size(),
          .tokens = tokens_.size(),
          .resources = follower_->resource_count(),
          .audit_entries = audit_->entries(),
          .process = ::getpid()};
}

void Serving::store_job(const char* name, std::move_only_function<bool(storage::Store&)> job) {
  const bool queued = store_->submit([this, name, job = std::move(job)](storage::Store& store) mutable {
    if (!job(store)) log_.warning("store_job_failed", {{"job", name}});
  });
  if (!queued) log_.warning("store_job_failed", {{"job", name}, {"reason", "too much work is waiting"}});
}

void Serving::write_uses() {
  store_job("write_uses", [this](storage::Store& store) { return uses_.write(store); });
}

void Serving::write_sign_in_attempts() { sign_in_->flight_recorder().flush(node_.clock.monotonic()); }

void Serving::sweep() {
  store_job("sweep", [now = node_.clock.wall()](storage::Store& store) { return store.sweep(now).has_value(); });
}

void Serving::look_for_token_ends() {
  store_job("token_ends", [this, snapshot = gateway_->snapshot(), now = node_.clock.wall()](storage::Store&) {
    tokens_.forget(now - kTokensRemembered);
    token_ends_.look(*snapshot, now);
    return true;
  });
}

// The follower brings it into force, as what any other process commits.
void Serving::roll_keys_over() {
  store_job("roll_keys_over", [this, now = node_.clock.wall()](storage::Store& store) {
    return sso::roll_over(store, *node_.keyring, now, sso::RollOver::kWhenDue, "sallyport").has_value();
  });
}

void Serving::watch_audit() {
  const storage::AuditHealth now = audit_->health();
  tell(log_, "audit_no_room", !last_health_.room, !now.room);
  tell(log_, "audit_disk_failed", last_health_.disk_failed, now.disk_failed);
  tell(log_, "audit_anchor_failed", last_health_.anchor_failed, now.anchor_failed);
  last_health_ = now;
}

void Serving::write_last_uses() {
  std::promise<void> written;
  auto done = written.get_future();
  if (store_->submit([this, &written](storage::Store& store) {
        if (!uses_.write(store)) log_.warning("store_job_failed", {{"job", "write_uses"}});
        written.set_value();
      }))
    done.wait();
}

}  // namespace sallyport::cli
