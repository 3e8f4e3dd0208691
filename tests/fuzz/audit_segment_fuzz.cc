// Whatever lies in an audit folder, reading and verifying it end, within its bytes, and every entry comes out as valid
// JSON. The first byte says what the input is: 0 a file as it is; 1 entry bodies, to be chained with right hashes (so
// that what is behind the hash is reached); 2 the same with one byte changed; 3 an anchor; 4 entries of which the
// segment has some bytes and the ring all, one of its bytes changed.
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "storage/audit_anchor.h"
#include "storage/audit_ring_scan.h"
#include "storage/audit_scan.h"
#include "storage/audit_segment.h"
#include "tests/fuzz/require.h"

using namespace sallyport;
using namespace sallyport::storage;

namespace {

struct Folder {
  Folder() {
    std::string pattern =
        std::filesystem::is_directory("/dev/shm") ? "/dev/shm/audit-fuzz-XXXXXX" : "/tmp/audit-fuzz-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

struct Built {
  std::string file;
  size_t entries = 0;
};

Built chained(std::string_view bodies) {
  constexpr size_t kFileBytes = 16 << 10;
  audit::SegmentHeader header;
  header.number = 1;
  header.segment_bytes = kFileBytes;
  header.first_seq = 1;
  const audit::HeaderBytes head = audit::encode_header(header);
  Built out{std::string(as_text(head)), 0};
  Sha256 hash = audit::header_hash(head);
  while (bodies.size() > 2) {
    const size_t length =
        std::min<size_t>({static_cast<uint8_t>(bodies[0]) | size_t{static_cast<uint8_t>(bodies[1])} << 8,
                          bodies.size() - 2, kAuditEntryBytesMax});
    std::string body(bodies.substr(2, length));
    bodies.remove_prefix(2 + length);
    if (body.size() < audit::kBodyHeadBytes || audit::entry_bytes(body.size()) > kAuditEntryBytesMax ||
        out.file.size() + audit::entry_bytes(body.size()) > kFileBytes)
      break;
    const uint64_t seq = ++out.entries;
    const auto length_field = static_cast<uint32_t>(body.size());
    std::memcpy(body.data() + 4, &seq, sizeof seq);
    std::string entry(reinterpret_cast<const char*>(&length_field), sizeof length_field);
    entry += body;
    hash = audit::chain_hash(hash, as_bytes(entry));
    entry += as_text(hash);
    entry.resize(audit::entry_bytes(body.size()));
    out.file += entry;
  }
  out.file.resize(kFileBytes);
  return out;
}

// ring: the file's bytes; empty: there is none.
uint64_t read_and_verify(const std::string& file, const std::string& ring = "") {
  static const Folder folder;
  static const std::string path = audit::segment_path(folder.path, 1);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << file;
  std::filesystem::remove(audit::ring_path(folder.path));
  if (!ring.empty()) std::ofstream(audit::ring_path(folder.path), std::ios::binary | std::ios::trunc) << ring;
  uint64_t read = 0;
  const auto done = read_audit(folder.path, 1, [&](const AuditEntry& entry) {
    require(entry.seq == ++read);
    const auto json = nlohmann::json::parse(entry.json, nullptr, false);
    require(json.is_object() && json["seq"] == entry.seq && json.contains("time"));
    return true;
  });
  const VerifyOutcome outcome = verify_audit(folder.path, {Bytes(32, std::byte{9})}, "");
  require(outcome.entries <= read);
  require(!outcome.broken_seq || *outcome.broken_seq == outcome.entries + 1);
  if (!outcome.broken_seq) require(done.has_value() && outcome.entries == read);
  return read;
}

// drained: where in the ring the first entry stands, so that they may go over its end.
std::string ring_of(const Built& built, uint64_t drained) {
  audit::RingHeader header;
  header.ring_bytes = audit::kRingBytesMin;
  header.drained = drained;
  const std::string entries = built.file.substr(audit::kHeaderBytes);
  header.written = drained + entries.size();
  header.written_seq = built.entries;
  audit::RingHeaderBytes head;
  audit::encode_ring_header(header, head);
  std::string data(header.ring_bytes, '\0');
  for (size_t i = 0; i < entries.size(); ++i) data[(drained + i) % data.size()] = entries[i];
  return std::string(as_text(head)) + data;
}

void read_ring_and_segment(std::string_view input) {
  const auto number = [&](size_t at) {
    return static_cast<uint8_t>(input[at]) | size_t{static_cast<uint8_t>(input[at + 1])} << 8;
  };
  const Built built = chained(input.substr(6));
  const size_t in_segment = audit::kHeaderBytes + number(0) % (built.file.size() - audit::kHeaderBytes);
  std::string segment = built.file.substr(0, in_segment);
  segment.resize(built.file.size());
  std::string ring = ring_of(built, number(2));
  const uint64_t whole = read_and_verify(segment, ring);
  require(whole <= built.entries);
  const size_t at = number(4) % ring.size();
  ring[at] = static_cast<char>(ring[at] ^ (1 + input[0] % 255));
  require(read_and_verify(segment, ring) <= built.entries);
}

void scan(ByteView file) {
  const auto header = audit::decode_header(file);
  if (!header) return;
  audit::SegmentScan walk(file, *header);
  audit::ScannedEntry entry;
  while (walk.next(entry) == audit::SegmentScan::Step::kEntry) {
    (void)audit::decode_access(entry.body);
    (void)audit::decode_checkpoint(entry.body);
  }
  (void)walk.tail();
  (void)walk.looks_torn();
}

void read_anchor_line(std::string_view text) {
  const auto line = audit::parse_anchor_line(text);
  if (!line) return;
  const std::string again = audit::format_anchor_line(*line);
  const auto twice = audit::parse_anchor_line(std::string_view(again).substr(0, again.size() - 1));
  require(twice && audit::format_anchor_line(*twice) == again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const std::string_view input = fuzz_text(data + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      scan(as_bytes(input));
      read_and_verify(std::string(input));
      break;
    case 1:
      read_and_verify(chained(input).file);
      break;
    case 2: {
      Built built = chained(input.substr(2));
      const size_t at = (data[1] | size_t{data[2]} << 8) % built.file.size();
      built.file[at] = static_cast<char>(built.file[at] ^ (1 + data[1] % 255));
      scan(as_bytes(built.file));
      read_and_verify(built.file);
      break;
    }
    case 3:
      read_anchor_line(input);
      break;
    default:
      if (input.size() > 6) read_ring_and_segment(input);
  }
  return 0;
}
