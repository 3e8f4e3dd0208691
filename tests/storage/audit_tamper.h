// An attacker's hands for the audit tests: the entries of a segment's bytes, changed, moved, removed, and hashed anew.
#pragma once

#include <cstring>

#include "storage/audit_scan.h"
#include "tests/storage/audit_world.h"

namespace sallyport::storage {

class TamperedSegment {
 public:
  explicit TamperedSegment(std::string path) : path_(std::move(path)), bytes_(file_bytes(path_)) {
    const auto header = audit::decode_header(as_bytes(bytes_));
    if (!header) return;
    audit::SegmentScan scan(as_bytes(bytes_), *header);
    audit::ScannedEntry entry;
    while (scan.next(entry) == audit::SegmentScan::Step::kEntry)
      entries_.push_back(bytes_.substr(entry.position, audit::entry_bytes(entry.body.size())));
    first_seq_ = header->first_seq;
  }

  size_t count() const { return entries_.size(); }
  uint64_t first_seq() const { return first_seq_; }
  uint64_t last_seq() const { return first_seq_ + entries_.size() - 1; }
  std::string& entry(uint64_t seq) { return entries_.at(seq - first_seq_); }
  size_t position(uint64_t seq) const {
    size_t at = audit::kHeaderBytes;
    for (size_t i = 0; i < seq - first_seq_; ++i) at += entries_[i].size();
    return at;
  }
  void remove(uint64_t seq) { entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(seq - first_seq_)); }
  void cut_from(uint64_t seq) { entries_.resize(seq - first_seq_); }
  void swap(uint64_t a, uint64_t b) { std::swap(entry(a), entry(b)); }
  std::string& bytes() { return bytes_; }

  // What somebody without the key can do: numbers, hashes and the checkpoints' hashes made to fit again.
  void hash_anew() {
    Sha256 hash = audit::header_hash(as_bytes(bytes_));
    uint64_t seq = first_seq_;
    for (std::string& entry : entries_) {
      uint32_t length;
      std::memcpy(&length, entry.data(), sizeof length);
      std::memcpy(entry.data() + 8, &seq, sizeof seq);
      if (entry[5] == static_cast<char>(AuditKind::kCheckpoint))
        std::memcpy(entry.data() + 4 + 20 + 16, hash.data(), 32);
      hash = audit::chain_hash(hash, as_bytes(entry).first(4 + length));
      std::memcpy(entry.data() + 4 + length, hash.data(), 32);
      ++seq;
    }
  }
  // The entries, one after the other, zeros behind them.
  void save() {
    std::string out = bytes_.substr(0, audit::kHeaderBytes);
    for (const std::string& entry : entries_) out += entry;
    out.resize(bytes_.size());
    write_file(path_, out);
  }
  void save_bytes() { write_file(path_, bytes_); }

 private:
  std::string path_;
  std::string bytes_;
  std::vector<std::string> entries_;
  uint64_t first_seq_ = 0;
};

}  // namespace sallyport::storage
