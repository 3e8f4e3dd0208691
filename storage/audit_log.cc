#include "storage/audit_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "storage/audit_anchor.h"
#include "storage/audit_recovery.h"
#include "storage/audit_segment.h"
#include "storage/audit_signature.h"

namespace sallyport::storage {
namespace {

using namespace audit;

constexpr size_t kCheckpointBytes = entry_bytes(kBodyHeadBytes + 16 + 32 + 64);
constexpr size_t kPopulateAheadBytes = 512 << 10;     // pages made ready before they are written
constexpr size_t kAnchorTailBytes = size_t{1} << 20;  // of the anchor, read at the start

// Whole entries of the largest size that surely fit, with the segment's closing checkpoint kept free.
size_t entries_that_fit(size_t position, size_t segment_bytes) {
  return position + kCheckpointBytes > segment_bytes
             ? 0
             : (segment_bytes - kCheckpointBytes - position) / kAuditEntryBytesMax;
}

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
  Inside(AuditOptions given, Signer with, const Clock& time)
      : options(std::move(given)), signer(std::move(with)), clock(time) {}

  Result<void> start();
  void stop();

  Result<void> reserve();
  void give_back();
  uint64_t append(const AccessEvent& event);  // into a reserved place; its number
  bool checkpoint(CheckpointCause cause);     // false: no room, or nothing new to vouch for
  bool sync();

  // --- under mutex
  size_t free_entries() const;
  void append_locked(EntryBuffer& entry);
  void write_locked(EntryBuffer& entry);
  void write_checkpoint_locked(CheckpointCause cause);
  void begin_segment_locked();
  void start_segment();  // the header of `current`
  // --- opening
  Result<void> begin_chain();
  void continue_chain(ChainEnd end);
  Result<void> compare_with_anchor();
  // --- the background thread
  void work();
  void populate_ahead();
  void set_next_aside();
  void wake_waiters(std::vector<std::shared_ptr<DurableWait>> waits);
  void copy_to_anchor();

  const AuditOptions options;
  const Signer signer;
  const Clock& clock;
  Fd lock;
  RecordId chain;

  std::mutex sync_mutex;                 // one sync at a time; taken before `mutex`
  std::optional<AnchorLine> anchor_due;  // under sync_mutex

  mutable std::mutex mutex;  // everything below
  std::condition_variable wake;
  std::unique_ptr<Segment> current;
  std::unique_ptr<Segment> next;                  // set aside, all zeros
  std::vector<std::unique_ptr<Segment>> retired;  // full, not yet synced
  size_t position = 0;
  size_t populated = 0;
  bool ended = false;        // current has its closing checkpoint
  bool checkpointed = true;  // nothing was written since the last checkpoint
  uint64_t seq = 0;
  uint64_t synced_seq = 0;
  uint64_t reserved = 0;
  Sha256 hash{};
  std::optional<AnchorLine> newest_checkpoint;
  std::vector<std::shared_ptr<DurableWait>> waits;
  bool disk_failed = false;
  bool anchor_failed = false;
  bool want_populate = false;
  bool want_next = false;  // not tried yet since `next` came into use
  bool stopping = false;
  std::thread thread;
};

// ---------------------------------------------------------------- the appending side

size_t AuditLog::Inside::free_entries() const {
  return (ended ? 0 : entries_that_fit(position, current->size())) +
         (next ? entries_that_fit(kHeaderBytes, next->size()) : 0);
}

Result<void> AuditLog::Inside::reserve() {
  const std::lock_guard held(mutex);
  if (disk_failed || reserved >= free_entries())
    return fail(Code::kUnavailable, Side::kStorage, "no room for the audit log");
  ++reserved;
  return {};
}

void AuditLog::Inside::give_back() {
  const std::lock_guard held(mutex);
  --reserved;
}

uint64_t AuditLog::Inside::append(const AccessEvent& event) {
  EntryBuffer entry;
  encode_access(event, entry);
  const std::lock_guard held(mutex);
  --reserved;
  append_locked(entry);
  checkpointed = false;
  return seq;
}

void AuditLog::Inside::append_locked(EntryBuffer& entry) {
  const size_t size = entry_bytes(entry.size - kLengthBytes);
  if (ended || position + size + kCheckpointBytes > current->size()) begin_segment_locked();
  write_locked(entry);
  if (position + kPopulateAheadBytes / 2 > populated && populated < current->size() &&
      !std::exchange(want_populate, true))
    wake.notify_all();
}

void AuditLog::Inside::write_locked(EntryBuffer& entry) {
  entry.set_seq(++seq);
  hash = chain_hash(hash, entry.view());
  current->write_entry(position, entry.view(), hash);
  position += entry_bytes(entry.size - kLengthBytes);
}

void AuditLog::Inside::write_checkpoint_locked(CheckpointCause cause) {
  SignedState state{options.installation, chain, current->number(), {}};
  state.checkpoint = {cause, seq + 1, clock.wall(), signer.key_id(), hash, {}};
  state.checkpoint.signature = signer.sign(state);
  EntryBuffer entry;
  encode_checkpoint(state.checkpoint, entry);
  write_locked(entry);
  checkpointed = true;
  newest_checkpoint = AnchorLine{options.node, state};
}

// A place is reserved only while `next` is there, so it is there when an entry does not fit any more.
void AuditLog::Inside::begin_segment_locked() {
  assert(next != nullptr);
  if (!ended) write_checkpoint_locked(CheckpointCause::kSegmentEnd);
  retired.push_back(std::move(current));
  current = std::move(next);
  start_segment();
  want_next = true;
  wake.notify_all();
}

void AuditLog::Inside::start_segment() {
  const SegmentHeader header{current->number(),    current->size(), seq + 1, clock.wall(),
                             options.installation, chain,           hash,    options.node};
  const HeaderBytes bytes = encode_header(header);
  current->write_header(bytes);
  hash = header_hash(bytes);
  position = kHeaderBytes;
  populated = kPopulateAheadBytes;
  ended = false;
}

bool AuditLog::Inside::checkpoint(CheckpointCause cause) {
  const std::lock_guard held(mutex);
  if (checkpointed || reserved >= free_entries()) return false;
  if (ended || position + 2 * kCheckpointBytes > current->size()) begin_segment_locked();
  if (!checkpointed) write_checkpoint_locked(cause);
  return true;
}

// ---------------------------------------------------------------- the syncing side

bool AuditLog::Inside::sync() {
  const std::lock_guard one_at_a_time(sync_mutex);
  std::vector<std::unique_ptr<Segment>> full;
  std::vector<std::shared_ptr<DurableWait>> served;
  Segment* open;
  uint64_t target;
  {
    const std::lock_guard held(mutex);
    full.swap(retired);
    served.swap(waits);
    open = current.get();  // only a sync lets go of a segment, so it stays
    target = seq;
    if (newest_checkpoint) anchor_due = std::exchange(newest_checkpoint, {});
    if (target == synced_seq && full.empty() && served.empty() && !anchor_due) return !disk_failed;
  }
  bool good = true;
  for (const auto& segment : full) good &= segment->sync();
  good &= open->sync();
  {
    const std::lock_guard held(mutex);
    // A failed sync may have dropped the pages (and the next one may claim success), so there is no way back.
    disk_failed |= !good;
    good = !disk_failed;
    if (good) synced_seq = std::max(synced_seq, target);
  }
  for (const auto& wait : served) wait->synced = good;
  wake_waiters(std::move(served));
  if (good) copy_to_anchor();
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
  if (options.anchor.empty() || !anchor_due) {
    anchor_due.reset();
    return;
  }
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
    if (next) return;
    number = current->number() + 1;
  }
  auto made = Segment::create(options.dir, number, options.segment_bytes);
  if (!made) return;  // tried again with the next flush
  (*made)->populate(0, kPopulateAheadBytes);
  const std::lock_guard held(mutex);
  next = *std::move(made);
}

void AuditLog::Inside::populate_ahead() {
  const std::lock_guard segments_stay(sync_mutex);
  Segment* open;
  size_t from;
  {
    const std::lock_guard held(mutex);
    want_populate = false;
    open = current.get();
    from = std::max(populated, position);
    populated = std::max(populated, position + kPopulateAheadBytes);
  }
  open->populate(from, from + kPopulateAheadBytes);
}

void AuditLog::Inside::work() {
  using Steady = std::chrono::steady_clock;
  auto flush_at = Steady::now() + options.flush;
  auto checkpoint_at = Steady::now() + options.checkpoint;
  while (true) {
    set_next_aside();
    bool populating;
    {
      std::unique_lock held(mutex);
      const auto asked = [&] { return stopping || want_populate || want_next || !waits.empty() || !retired.empty(); };
      wake.wait_until(held, flush_at, asked);
      if (stopping) return;
      populating = want_populate;
    }
    set_next_aside();
    if (populating) populate_ahead();
    if (const auto now = Steady::now(); now >= flush_at) {
      flush_at = now + options.flush;
      if (now >= checkpoint_at && checkpoint(CheckpointCause::kPeriod)) checkpoint_at = now + options.checkpoint;
    } else if (populating) {
      continue;
    }
    sync();
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
    continue_chain(*std::move(end));
  } else {
    CHECKED(begin_chain());
  }
  CHECKED(compare_with_anchor());
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
  chain = RecordId::random();
  TRY(current, Segment::create(options.dir, 1, options.segment_bytes));
  start_segment();
  if (!current->sync()) return fail(Code::kUnavailable, Side::kStorage, "audit segment cannot be synced");
  return {};
}

void AuditLog::Inside::continue_chain(ChainEnd end) {
  chain = end.header.chain;
  current = std::move(end.segment);
  position = end.position;
  seq = synced_seq = end.seq;
  hash = end.hash;
  ended = end.ended;
  checkpointed = end.checkpointed || end.seq == 0;
}

// A log that ends before what its anchor has seen was rolled back or cut.
Result<void> AuditLog::Inside::compare_with_anchor() {
  if (options.anchor.empty()) return {};
  const Verifier own({signer.public_key()});
  uint64_t seen = 0;
  const auto read = read_anchor(options.anchor, kAnchorTailBytes, [&](const AnchorLine& line) {
    if (line.state.installation == options.installation && line.state.chain == chain &&
        line.state.checkpoint.seq > seen && own.fits(line.state))
      seen = line.state.checkpoint.seq;
  });
  anchor_failed = !read && (read.error().code != Code::kNotFound || !create_anchor(options.anchor));
  if (seen > seq)
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
  if (!checkpointed) set_next_aside();  // perhaps the closing checkpoint needs it
  checkpoint(CheckpointCause::kClose);
  sync();
  if (next) ::unlink(segment_path(options.dir, next->number()).c_str());
}

AuditLog::AuditLog() = default;

Result<std::unique_ptr<AuditLog>> AuditLog::open(AuditOptions options, const SecretBytes& signing_seed,
                                                 const Clock& clock) {
  TRY(Signer signer, Signer::open(signing_seed));
  if (options.node.empty()) options.node = host_name();
  options.segment_bytes = (std::clamp(options.segment_bytes, kSegmentBytesMin, kSegmentBytesMax) + 4095) / 4096 * 4096;
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
  assert(slot.log_ == this);
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
    inside_.wake.notify_all();
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

void AuditLog::flush() { inside_->sync(); }

uint64_t AuditLog::entries() const { return health().entries; }

bool AuditLog::has_room() const { return health().room; }

AuditHealth AuditLog::health() const {
  const std::lock_guard held(inside_->mutex);
  return {inside_->seq, inside_->synced_seq, !inside_->disk_failed && inside_->reserved < inside_->free_entries(),
          inside_->disk_failed, inside_->anchor_failed};
}

}  // namespace sallyport::storage
