// read_audit(): entries as JSON objects, one field per name. Text that a client chose is escaped, never trusted.
#include <ctime>

#include "base/json_text.h"
#include "storage/audit_walk.h"

namespace sallyport::storage {
namespace {

using namespace audit;

std::string_view kind_name(AuditKind kind) {
  switch (kind) {
    case AuditKind::kAccess:
      return "access";
    case AuditKind::kAccessBegin:
      return "access.begin";
    case AuditKind::kAccessEnd:
      return "access.end";
    case AuditKind::kCheckpoint:
      return "checkpoint";
    case AuditKind::kAlert:
      return "alert";
  }
  return "unknown";
}

// RFC 3339 in UTC with microseconds. Times outside of the years 0 to 9999 are shown at that border.
std::string rfc3339(WallMicros time) {
  constexpr int64_t kSecond = 1'000'000;
  int64_t seconds = count(time) / kSecond;
  int64_t micros = count(time) % kSecond;
  if (micros < 0) {
    micros += kSecond;
    --seconds;
  }
  seconds = std::clamp<int64_t>(seconds, -62167219200, 253402300799);
  const time_t at = seconds;
  tm parts{};
  ::gmtime_r(&at, &parts);
  std::array<char, 48> out;
  const int size = std::snprintf(out.data(), out.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900,
                                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                                 static_cast<int>(micros));
  return {out.data(), static_cast<size_t>(size)};
}

class Object {
 public:
  void text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
  }
  template <class T>
  void number(std::string_view name, T value) {
    key(name);
    out_ += std::to_string(value);
  }
  void id(std::string_view name, const RecordId& value) { text(name, value.is_zero() ? "" : value.to_string()); }
  void cut_fields(uint16_t cut) {
    if (cut == 0) return;
    key("cut");
    char before = '[';
    for (size_t i = 0; i < kTextFields.size(); ++i) {
      if ((cut >> i & 1) == 0) continue;
      out_ += std::exchange(before, ',');
      append_json_string(out_, kTextFields[i]);
    }
    out_ += before == '[' ? "[]" : "]";
  }
  std::string take() && {
    out_ += '}';
    return std::move(out_);
  }

 private:
  void key(std::string_view name) {
    out_ += out_.empty() ? '{' : ',';
    append_json_string(out_, name);
    out_ += ':';
  }
  std::string out_;
};

void describe_access(const AccessBody& access, Object& out) {
  const AccessEvent& event = access.event;
  out.text("request_id", event.request_id);
  out.text("client", event.client.to_string());
  out.text("user", event.user_name);
  out.id("user_id", event.user);
  out.text("means", event.means);
  out.id("means_id", event.means_id);
  out.text("strength", event.strength);
  out.text("resource", event.resource);
  out.text("host", event.host);
  out.text("method", event.method);
  out.text("path", event.path);
  out.text("outcome", event.outcome);
  out.text("reason", event.reason);
  out.number("rule", event.rule);
  out.number("status", event.status);
  out.number("latency_us", event.latency.count());
  out.number("request_bytes", event.request_bytes);
  out.number("response_bytes", event.response_bytes);
  out.cut_fields(access.cut);
}

void describe_checkpoint(const Checkpoint& checkpoint, Object& out) {
  constexpr std::array<const char*, 4> kCauses = {"", "period", "segment-end", "close"};
  out.text("cause", kCauses[static_cast<size_t>(checkpoint.cause) & 3]);
  out.text("hash", hex_encode(checkpoint.hash));
  out.text("key", hex_encode(checkpoint.key_id));
  out.text("signature", hex_encode(checkpoint.signature));
}

Result<AuditEntry> describe(const SegmentHeader& header, const ScannedEntry& entry) {
  const auto kind = static_cast<AuditKind>(entry.head.kind);
  Object out;
  out.number("seq", entry.head.seq);
  out.text("time", rfc3339(entry.head.at));
  out.text("node", header.node);
  out.text("kind", kind_name(kind));
  if (kind == AuditKind::kCheckpoint) {
    TRY(const Checkpoint checkpoint, decode_checkpoint(entry.body));
    describe_checkpoint(checkpoint, out);
  } else {
    TRY(const AccessBody access, decode_access(entry.body));
    describe_access(access, out);
  }
  return AuditEntry{entry.head.seq, kind, std::move(out).take()};
}

// One reading of a log, over several looks at its folder while it is written.
class Reading {
 public:
  Reading(const std::string& dir, uint64_t from_seq, const std::function<bool(const AuditEntry&)>& each)
      : dir_(dir), from_seq_(from_seq), each_(each), ring_(dir) {}

  Result<void> run() {
    auto end = RingWalk::End::kMovedOn;
    while (end == RingWalk::End::kMovedOn) {
      TRY(const bool more, walk_segments());
      if (!more) break;
      const uint64_t in_segments = at_.seq;
      TRY(end, ring_.walk(at_, broken_ ? RingWalk::SegmentsEnd::kBroken : RingWalk::SegmentsEnd::kWhole, deliver_));
      if (end == RingWalk::End::kWhole && broken_ && at_.seq == in_segments) return broken_chain();
    }
    if (wrong_) return std::unexpected(*wrong_);
    return {};
  }

 private:
  static std::unexpected<Error> broken_chain() {
    return fail(Code::kDenied, Side::kStorage, "audit chain is broken; see `sallyport audit verify`");
  }

  // False when there is nothing, or nobody wants more.
  Result<bool> walk_segments() {
    TRY(const std::vector<SegmentFile> files, begun_segments(dir_));
    broken_ = false;
    for (size_t i = 0; i < files.size(); ++i) {
      if (files[i].number < at_.header.number) continue;
      const bool last = i + 1 == files.size();
      if (!last)
        if (const auto after = decode_header(files[i + 1].header); after && after->first_seq <= from_seq_) continue;
      TRY(const WalkEnd end, walk_segment(dir_, files[i].number, at_.seq, deliver_));
      if (stopped_) return false;
      const bool broken = end.broken != nullptr || end.more_behind;
      if (broken && !last) return broken_chain();
      if (end.at.seq < at_.seq) continue;  // the ring knew more
      at_ = end.at;
      broken_ = broken;  // perhaps what a killed writer tore; the ring has it whole then
    }
    return !files.empty();
  }

  bool deliver(const SegmentHeader& header, const ScannedEntry& entry) {
    if (entry.head.seq < from_seq_) return true;
    const auto described = describe(header, entry);
    if (!described) wrong_ = described.error();
    stopped_ = !described || !each_(*described);
    return !stopped_;
  }

  const std::string& dir_;
  const uint64_t from_seq_;
  const std::function<bool(const AuditEntry&)>& each_;
  const EachEntry deliver_ = [this](const SegmentHeader& header, const ScannedEntry& entry, const Sha256&) {
    return deliver(header, entry);
  };
  RingWalk ring_;
  ChainPoint at_;
  bool broken_ = false;
  bool stopped_ = false;
  std::optional<Error> wrong_;
};

}  // namespace

Result<void> read_audit(const std::string& dir, uint64_t from_seq, const std::function<bool(const AuditEntry&)>& each) {
  return Reading(dir, from_seq, each).run();
}

}  // namespace sallyport::storage
