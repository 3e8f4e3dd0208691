#include "storage/audit_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "storage/audit_chain_writer.h"
#include "storage/audit_drain.h"

namespace sallyport::storage {
namespace {

using namespace audit;

using namespace std::chrono_literals;

// The background thread. With little traffic it wakes with each flush, with much each tick, and when somebody rouses
// it.
constexpr auto kBusyTick = 20ms;
constexpr size_t kBusyBytes = 4 << 10;         // drained in one go: there is traffic
constexpr size_t kRouseBytes = 1 << 20;        // in the ring: it is time (or a quarter of a small ring)
constexpr size_t kReadyIdleBytes = 256 << 10;  // of the ring, made ready ahead
constexpr size_t kReadyBusyBytes = 4 << 20;    // the same with traffic: what comes in during a sync that takes long
constexpr int kDrainsMax = 4;                  // in a row, until the ring is empty and begins anew
constexpr size_t kAnchorTailBytes = size_t{1} << 20;  // of the anchor, read at the start

// Somebody who waits on a loop for an entry to be on the disk. The loop's thread alone touches `waiter`; the loop may
// be gone when a cancelled wait is served.
struct DurableWait {
  DurableWait(const Loop& loop, uint64_t entry) : home(loop.mailbox()), seq(entry) {}
  const std::shared_ptr<Mailbox> home;
  const uint64_t seq;
  bool synced = false;
  std::coroutine_handle<> waiter;
};

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace

struct AuditLog::Inside {
  Inside(AuditOptions given, Signer signer, const Clock& time)
      : options(std::move(given)), clock(time), writer(options, std::move(signer), time) {}

  Result<void> start();
  void stop();

  Result<void> reserve();
  void give_back();
  uint64_t append(const AccessEvent& event);  // into a reserved place; its number
  enum class Then : uint8_t { kNothing, kSync };
  bool drain(Then then);

  // --- opening
  Result<void> begin_chain();
  Result<void> compare_with_anchor();
  // --- the background thread
  void work();
  void set_next_aside();
  void make_ready(bool busy);
  void wake_waiters(std::vector<std::shared_ptr<DurableWait>> served);
  void copy_to_anchor();

  const AuditOptions options;
  const Clock& clock;
  Fd lock;

  std::mutex sync_mutex;                 // one drain at a time, and segments stay; taken before `mutex`
  std::optional<AnchorLine> anchor_due;  // under sync_mutex

  std::mutex mutex;  // everything below
  std::condition_variable wake;
  ChainWriter writer;
  size_t rouse_bytes = kRouseBytes;
  uint64_t synced_seq = 0;
  std::vector<std::shared_ptr<DurableWait>> waits;
  bool disk_failed = false;
  bool anchor_failed = false;
  bool roused = false;     // asked to drain, and has not begun to
  bool want_next = false;  // not tried yet since a segment was begun
  bool stopping = false;
  std::thread thread;
};

// ---------------------------------------------------------------- the appending side

Result<void> AuditLog::Inside::reserve() {
  bool rouse = false;
  {
    const std::lock_guard held(mutex);
    if (!disk_failed && writer.reserve()) return {};
    rouse = !disk_failed && writer.ring().used() > 0 && !std::exchange(roused, true);
  }
  if (rouse) wake.notify_one();
  return fail(Code::kUnavailable, Side::kStorage, "no room for the audit log");
}

void AuditLog::Inside::give_back() {
  const std::lock_guard held(mutex);
  writer.give_back();
}

uint64_t AuditLog::Inside::append(const AccessEvent& event) {
  EntryBuffer entry;
  encode_access(event, entry);
  if (event.at == WallMicros{}) entry.set_time(clock.wall());
  uint64_t seq;
  bool rouse = false;
  {
    const std::lock_guard held(mutex);
    seq = writer.append(entry);
    if (writer.has_full() && !writer.has_next()) rouse |= !std::exchange(want_next, true);
    if (writer.ring().used() >= rouse_bytes) rouse |= !std::exchange(roused, true);
  }
  if (rouse) wake.notify_one();
  return seq;
}

// ---------------------------------------------------------------- the writing side

// What is in the ring goes into the segments, and, if asked, onto the disk.   returns: whether the disk is well.
bool AuditLog::Inside::drain(Then then) {
  const std::lock_guard one_at_a_time(sync_mutex);
  std::vector<std::shared_ptr<DurableWait>> served;
  Undrained undrained;
  bool good;
  bool behind = false;  // of what the segments hold, something is not synced
  {
    const std::lock_guard held(mutex);
    good = !disk_failed;
    if (good) undrained = writer.take_undrained();
    if (then == Then::kSync) {
      served.swap(waits);
      if (auto newest = writer.take_checkpoint()) anchor_due = std::move(newest);
      behind = undrained.seq != synced_seq;
    }
  }
  good = good && copy_to_segments(writer.ring(), undrained, mutex) && (!behind || undrained.current->sync());
  {
    const std::lock_guard held(mutex);
    // A failed sync may have dropped the pages (and the next one may claim success), so there is no way back.
    disk_failed |= !good;
    if (good && then == Then::kSync) synced_seq = std::max(synced_seq, undrained.seq);
  }
  for (const auto& wait : served) wait->synced = good;
  wake_waiters(std::move(served));
  if (good && then == Then::kSync) copy_to_anchor();
  return good;
}

void AuditLog::Inside::wake_waiters(std::vector<std::shared_ptr<DurableWait>> served) {
  for (auto& wait : served) {
    const std::shared_ptr<Mailbox> home = wait->home;
    home->post([wait = std::move(wait)] {
      if (auto waiter = std::exchange(wait->waiter, {})) waiter.resume();
    });
  }
}

void AuditLog::Inside::copy_to_anchor() {
  if (options.anchor.empty()) anchor_due.reset();
  if (!anchor_due) return;
  const bool copied = append_anchor(options.anchor, *anchor_due).has_value();
  if (copied) anchor_due.reset();
  const std::lock_guard held(mutex);
  anchor_failed = !copied;
}

void AuditLog::Inside::set_next_aside() {
  uint32_t number;
  {
    const std::lock_guard held(mutex);
    want_next = false;
    if (writer.has_next()) return;
    number = writer.next_number();
  }
  auto made = Segment::create(options.dir, number, options.segment_bytes);
  if (!made) return;  // tried again with the next flush
  const std::lock_guard held(mutex);
  writer.set_next(*std::move(made));
}

void AuditLog::Inside::make_ready(bool busy) {
  uint64_t head;
  {
    const std::lock_guard held(mutex);
    head = writer.ring().head();
  }
  writer.ring().make_ready(head, busy ? kReadyBusyBytes : kReadyIdleBytes);
}

void AuditLog::Inside::work() {
  using Steady = std::chrono::steady_clock;
  auto flush_at = Steady::now() + options.flush;
  auto checkpoint_at = Steady::now() + options.checkpoint;
  bool busy = false;
  make_ready(busy);
  while (true) {
    bool syncing;
    bool turned;
    size_t used;
    {
      std::unique_lock held(mutex);
      const auto asked = [&] { return stopping || roused || want_next || !waits.empty(); };
      wake.wait_until(held, busy ? std::min(flush_at, Steady::now() + kBusyTick) : flush_at, asked);
      if (stopping) return;
      roused = false;
      syncing = !waits.empty();
      turned = want_next;
      used = writer.ring().used();
    }
    if (turned) set_next_aside();
    if (const auto now = Steady::now(); now >= flush_at) {
      syncing = true;
      flush_at = now + options.flush;
      set_next_aside();
      if (now >= checkpoint_at) {
        const std::lock_guard held(mutex);
        if (writer.checkpoint(CheckpointCause::kPeriod)) checkpoint_at = now + options.checkpoint;
      }
    }
    const bool was_busy = std::exchange(busy, used >= kBusyBytes);
    make_ready(busy);  // first: a page that is not, waits for a sync that is under way
    if (was_busy && !busy) writer.ring().let_go(kReadyIdleBytes);
    bool emptied = false;
    for (int drains = 0; drains < kDrainsMax && !emptied; ++drains) {
      if (!drain(drains == 0 && syncing ? Then::kSync : Then::kNothing)) break;
      const std::lock_guard held(mutex);
      emptied = writer.ring().used() == 0;
    }
  }
}

// ---------------------------------------------------------------- opening and closing

Result<void> AuditLog::Inside::start() {
  if (::mkdir(options.dir.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(Code::kUnavailable, Side::kStorage, "audit folder cannot be made");
  lock.reset(::open((options.dir + "/audit.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return fail(Code::kUnavailable, Side::kStorage, "audit folder cannot be written");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Code::kUnavailable, Side::kStorage, "audit log is open in another process");
  TRY(std::optional<ChainEnd> end, recover_chain(options.dir, options.installation));
  const bool cut = end && end->cut;
  if (end) {
    synced_seq = end->at.seq;
    writer.go_on(*std::move(end));
  } else {
    CHECKED(begin_chain());
  }
  CHECKED(compare_with_anchor());
  CHECKED(writer.open_ring(options.dir, options.ring_bytes));
  rouse_bytes = std::min<size_t>(kRouseBytes, options.ring_bytes / 4);
  set_next_aside();
  if (cut && reserve()) {
    AccessEvent event;
    event.kind = AuditKind::kAlert;
    event.at = clock.wall();
    event.resource = "audit";
    event.outcome = "recovered";
    event.reason = "an unfinished end was cut after a crash";
    append(event);
  }
  thread = std::thread([this] { work(); });
  return {};
}

Result<void> AuditLog::Inside::begin_chain() {
  TRY(auto first, Segment::create(options.dir, 1, options.segment_bytes));
  return writer.begin(std::move(first));
}

// A log that ends before what its anchor has seen was rolled back or cut.
Result<void> AuditLog::Inside::compare_with_anchor() {
  if (options.anchor.empty()) return {};
  const Verifier own({writer.signer().public_key()});
  uint64_t seen = 0;
  const auto read = read_anchor(options.anchor, kAnchorTailBytes, [&](const AnchorLine& line) {
    if (line.state.installation == options.installation && line.state.chain == writer.chain() &&
        line.state.checkpoint.seq > seen && own.fits(line.state))
      seen = line.state.checkpoint.seq;
  });
  anchor_failed = !read && (read.error().code != Code::kNotFound || !create_anchor(options.anchor));
  if (seen > writer.seq())
    return fail(Code::kDenied, Side::kStorage, "audit log ends before its anchor; see `sallyport audit verify`");
  return {};
}

void AuditLog::Inside::stop() {
  {
    const std::lock_guard held(mutex);
    stopping = true;
  }
  wake.notify_all();
  if (!thread.joinable()) return;
  thread.join();
  if (!writer.checkpointed()) set_next_aside();  // perhaps the closing checkpoint needs it
  writer.checkpoint(CheckpointCause::kClose);
  drain(Then::kSync);
  if (writer.has_next()) ::unlink(segment_path(options.dir, writer.next_number()).c_str());
}

AuditLog::AuditLog() = default;

Result<std::unique_ptr<AuditLog>> AuditLog::open(AuditOptions options, const SecretBytes& signing_seed,
                                                 const Clock& clock) {
  TRY(Signer signer, Signer::open(signing_seed));
  if (options.node.empty()) options.node = host_name();
  options.segment_bytes = (std::clamp(options.segment_bytes, kSegmentBytesMin, kSegmentBytesMax) + 4095) / 4096 * 4096;
  options.ring_bytes = (std::clamp(options.ring_bytes, kRingBytesMin, kRingBytesMax) + 4095) / 4096 * 4096;
  std::unique_ptr<AuditLog> log(new AuditLog);
  log->inside_ = std::make_unique<Inside>(std::move(options), std::move(signer), clock);
  CHECKED(log->inside_->start());
  return log;
}

AuditLog::~AuditLog() { inside_->stop(); }

// ---------------------------------------------------------------- the face

AuditSlot::~AuditSlot() {
  if (log_ != nullptr) log_->inside_->give_back();
}

Result<AuditSlot> AuditLog::reserve() {
  CHECKED(inside_->reserve());
  return AuditSlot(*this);
}

void AuditLog::record(AuditSlot slot, const AccessEvent& event) {
  assert(slot.log_ == this && event.kind != AuditKind::kCheckpoint);
  slot.log_ = nullptr;
  inside_->append(event);
}

// Waits on its loop until a sync has covered the entry.
class AuditLog::Durably {
 public:
  Durably(Inside& inside, Loop& home, uint64_t seq)
      : inside_(inside), wait_(std::make_shared<DurableWait>(home, seq)) {}
  Durably(const Durably&) = delete;
  Durably& operator=(const Durably&) = delete;
  ~Durably() { wait_->waiter = {}; }

  bool await_ready() {
    const std::lock_guard held(inside_.mutex);
    wait_->synced = !inside_.disk_failed && inside_.synced_seq >= wait_->seq;
    return wait_->synced || inside_.disk_failed;
  }
  void await_suspend(std::coroutine_handle<> handle) {
    wait_->waiter = handle;
    {
      const std::lock_guard held(inside_.mutex);
      inside_.waits.push_back(wait_);
    }
    inside_.wake.notify_one();
  }
  Result<void> await_resume() const {
    if (!wait_->synced) return fail(Code::kUnavailable, Side::kStorage, "audit log cannot be synced");
    return {};
  }

 private:
  Inside& inside_;
  std::shared_ptr<DurableWait> wait_;
};

Task<Result<void>> AuditLog::record_begin_durably(Loop& home, AccessEvent event, AuditSlot slot) {
  assert(slot.log_ == this);
  slot.log_ = nullptr;
  event.kind = AuditKind::kAccessBegin;
  Durably synced(*inside_, home, inside_->append(event));
  co_return co_await synced;
}

void AuditLog::flush() { inside_->drain(Inside::Then::kSync); }

uint64_t AuditLog::entries() const { return health().entries; }

bool AuditLog::has_room() const { return health().room; }

AuditHealth AuditLog::health() const {
  const std::lock_guard held(inside_->mutex);
  AuditHealth out;
  out.entries = inside_->writer.seq();
  out.synced_entries = inside_->synced_seq;
  out.disk_failed = inside_->disk_failed;
  out.anchor_failed = inside_->anchor_failed;
  out.room = !inside_->disk_failed && inside_->writer.has_place();
  return out;
}

}  // namespace sallyport::storage
