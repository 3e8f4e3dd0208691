#include "storage/audit_format.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

namespace sallyport::storage::audit {
namespace {

static_assert(std::endian::native == std::endian::little, "the writer copies integers as they lie");

constexpr std::string_view kMagic = "SPAUDIT\n";
static_assert((uint32_t{'S'} | uint32_t{'P'} << 8) > kAuditEntryBytesMax, "no entry's length looks like a header");
constexpr uint16_t kHeaderVersion = 1;
constexpr size_t kHeaderHashAt = kHeaderBytes - kHashBytes;
constexpr size_t kSeqAt = kLengthBytes + 4;
constexpr size_t kTimeAt = kSeqAt + 8;

constexpr std::array<size_t, kTextFields.size()> kTextMax = {64, 64, 16, 16, 64, 255, 32, kAuditPathBytesMax, 32, 128};
constexpr size_t kAccessFixedBytes = kBodyHeadBytes + 16 * 3 + 4 + 4 + 8 * 3;
constexpr size_t access_body_max() {
  size_t sum = kAccessFixedBytes;
  for (const size_t max : kTextMax) sum += 2 + max;
  return sum;
}
static_assert(entry_bytes(access_body_max()) <= kAuditEntryBytesMax);

class Writer {
 public:
  explicit Writer(std::span<std::byte> out) : out_(out) {}
  void bytes(ByteView value) {
    if (value.empty()) return;  // an empty view's null pointer is not for memcpy
    std::memcpy(out_.data() + size_, value.data(), value.size());
    size_ += value.size();
  }
  template <class T>
    requires std::is_integral_v<T>
  void integer(T value) {
    bytes(std::as_bytes(std::span(&value, 1)));
  }
  void skip(size_t count) { size_ += count; }
  size_t size() const { return size_; }

 private:
  std::span<std::byte> out_;
  size_t size_ = 0;
};

class Reader {
 public:
  explicit Reader(ByteView in) : in_(in) {}
  ByteView bytes(size_t count) {
    if (count > in_.size()) {
      whole_ = false;
      in_ = {};
      return {};
    }
    const ByteView out = in_.first(count);
    in_ = in_.subspan(count);
    return out;
  }
  template <class T>
  T integer() {
    T out{};
    if (const ByteView from = bytes(sizeof out); from.size() == sizeof out) std::memcpy(&out, from.data(), sizeof out);
    return out;
  }
  template <size_t N>
  std::array<std::byte, N> array() {
    std::array<std::byte, N> out{};
    if (const ByteView from = bytes(N); from.size() == N) std::memcpy(out.data(), from.data(), N);
    return out;
  }
  bool ended() const { return whole_ && in_.empty(); }
  bool whole() const { return whole_; }

 private:
  ByteView in_;
  bool whole_ = true;
};

std::array<std::string_view*, kTextFields.size()> texts(AccessEvent& event) {
  return {&event.request_id, &event.user_name, &event.means, &event.strength, &event.resource,
          &event.host,       &event.method,    &event.path,  &event.outcome,  &event.reason};
}

void write_body_head(Writer& out, AuditKind kind, uint16_t flags, uint64_t seq, WallMicros at) {
  out.integer(kEntryVersion);
  out.integer(static_cast<uint8_t>(kind));
  out.integer(flags);
  out.integer(seq);
  out.integer(count(at));
}

void close_entry(const Writer& writer, EntryBuffer& out) {
  out.size = writer.size();
  const auto length = static_cast<uint32_t>(out.size - kLengthBytes);
  std::memcpy(out.bytes.data(), &length, sizeof length);
}

BodyHead read_head(Reader& in) {
  BodyHead head;
  head.version = in.integer<uint8_t>();
  head.kind = in.integer<uint8_t>();
  head.flags = in.integer<uint16_t>();
  head.seq = in.integer<uint64_t>();
  head.at = WallMicros{in.integer<int64_t>()};
  return head;
}

}  // namespace

HeaderBytes encode_header(const SegmentHeader& header) {
  HeaderBytes out{};
  Writer writer(out);
  writer.bytes(as_bytes(kMagic));
  writer.integer(kHeaderVersion);
  writer.integer(static_cast<uint16_t>(kHeaderBytes));
  writer.integer(header.number);
  writer.integer(header.segment_bytes);
  writer.integer(header.first_seq);
  writer.integer(count(header.created_at));
  writer.bytes(header.installation.view());
  writer.bytes(header.chain.view());
  writer.bytes(header.previous);
  const std::string_view node = std::string_view(header.node).substr(0, kNodeBytesMax);
  writer.integer(static_cast<uint8_t>(node.size()));
  writer.bytes(as_bytes(node));
  const Sha256 hash = sha256(ByteView(out).first(kHeaderHashAt));
  std::memcpy(out.data() + kHeaderHashAt, hash.data(), hash.size());
  return out;
}

Result<SegmentHeader> decode_header(ByteView bytes) {
  if (bytes.size() < kHeaderBytes) return malformed(Side::kStorage, "audit segment is shorter than its header");
  bytes = bytes.first(kHeaderBytes);
  Reader in(bytes.first(kHeaderHashAt));
  if (as_text(in.bytes(kMagic.size())) != kMagic) return malformed(Side::kStorage, "not an audit segment");
  if (in.integer<uint16_t>() != kHeaderVersion) return malformed(Side::kStorage, "audit segment of another version");
  if (in.integer<uint16_t>() != kHeaderBytes) return malformed(Side::kStorage, "audit segment of another version");
  if (sha256(bytes.first(kHeaderHashAt)) != header_hash(bytes))
    return malformed(Side::kStorage, "audit segment header was changed");
  SegmentHeader header;
  header.number = in.integer<uint32_t>();
  header.segment_bytes = in.integer<uint64_t>();
  header.first_seq = in.integer<uint64_t>();
  header.created_at = WallMicros{in.integer<int64_t>()};
  header.installation.bytes = in.array<16>();
  header.chain.bytes = in.array<16>();
  header.previous = in.array<kHashBytes>();
  const size_t node_bytes = in.integer<uint8_t>();
  if (node_bytes > kNodeBytesMax) return malformed(Side::kStorage, "audit segment header was changed");
  header.node = to_text(in.bytes(node_bytes));
  return header;
}

bool is_header(ByteView bytes) { return as_text(bytes).starts_with(kMagic); }

Sha256 header_hash(ByteView bytes) {
  Sha256 out;
  std::memcpy(out.data(), bytes.data() + kHeaderHashAt, out.size());
  return out;
}

void EntryBuffer::set_seq(uint64_t seq) { std::memcpy(bytes.data() + kSeqAt, &seq, sizeof seq); }

void EntryBuffer::set_time(WallMicros at) {
  const int64_t micros = count(at);
  std::memcpy(bytes.data() + kTimeAt, &micros, sizeof micros);
}

void encode_access(const AccessEvent& given, EntryBuffer& out) {
  AccessEvent event = given;
  const auto fields = texts(event);
  uint16_t cut = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i]->size() <= kTextMax[i]) continue;
    *fields[i] = fields[i]->substr(0, kTextMax[i]);
    cut = static_cast<uint16_t>(cut | 1u << i);
  }
  Writer writer(out.bytes);
  writer.skip(kLengthBytes);
  write_body_head(writer, event.kind, cut, 0, event.at);
  writer.bytes(std::as_bytes(std::span(event.client.bytes())));
  writer.bytes(event.user.view());
  writer.bytes(event.means_id.view());
  writer.integer(static_cast<int32_t>(event.rule));
  writer.integer(static_cast<int32_t>(event.status));
  writer.integer(static_cast<int64_t>(event.latency.count()));
  writer.integer(event.request_bytes);
  writer.integer(event.response_bytes);
  for (const std::string_view* field : fields) {
    writer.integer(static_cast<uint16_t>(field->size()));
    writer.bytes(as_bytes(*field));
  }
  close_entry(writer, out);
}

void encode_checkpoint(const Checkpoint& checkpoint, EntryBuffer& out) {
  Writer writer(out.bytes);
  writer.skip(kLengthBytes);
  write_body_head(writer, AuditKind::kCheckpoint, static_cast<uint16_t>(checkpoint.cause), checkpoint.seq,
                  checkpoint.at);
  writer.bytes(checkpoint.key_id);
  writer.bytes(checkpoint.hash);
  writer.bytes(checkpoint.signature);
  close_entry(writer, out);
}

Result<BodyHead> decode_head(ByteView body) {
  Reader in(body);
  const BodyHead head = read_head(in);
  if (!in.whole()) return malformed(Side::kStorage, "entry is too short");
  if (head.version != kEntryVersion) return malformed(Side::kStorage, "entry of another version");
  if (head.kind < static_cast<uint8_t>(AuditKind::kAccess) || head.kind > static_cast<uint8_t>(AuditKind::kAlert))
    return malformed(Side::kStorage, "entry of an unknown kind");
  return head;
}

Result<AccessBody> decode_access(ByteView body) {
  Reader in(body);
  const BodyHead head = read_head(in);
  AccessBody out;
  out.cut = head.flags;
  AccessEvent& event = out.event;
  event.kind = static_cast<AuditKind>(head.kind);
  event.at = head.at;
  event.client = IpAddress::v6(std::bit_cast<std::array<uint8_t, 16>>(in.array<16>()));
  event.user.bytes = in.array<16>();
  event.means_id.bytes = in.array<16>();
  event.rule = in.integer<int32_t>();
  event.status = in.integer<int32_t>();
  event.latency = std::chrono::microseconds(in.integer<int64_t>());
  event.request_bytes = in.integer<uint64_t>();
  event.response_bytes = in.integer<uint64_t>();
  for (std::string_view* field : texts(event)) *field = as_text(in.bytes(in.integer<uint16_t>()));
  if (!in.ended()) return malformed(Side::kStorage, "access entry does not parse");
  return out;
}

Result<Checkpoint> decode_checkpoint(ByteView body) {
  Reader in(body);
  const BodyHead head = read_head(in);
  Checkpoint out;
  out.cause = static_cast<CheckpointCause>(head.flags);
  out.seq = head.seq;
  out.at = head.at;
  out.key_id = in.array<16>();
  out.hash = in.array<kHashBytes>();
  out.signature = in.array<64>();
  if (!in.ended() || head.flags < 1 || head.flags > 3) return malformed(Side::kStorage, "checkpoint does not parse");
  return out;
}

}  // namespace sallyport::storage::audit
