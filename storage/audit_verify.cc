// verify_audit(): walks the whole chain, and names the first entry that is not as it was written.
#include <algorithm>
#include <map>

#include "storage/audit_anchor.h"
#include "storage/audit_walk.h"

namespace sallyport::storage {
namespace {

using namespace audit;

constexpr size_t kAnchorBytesMax = size_t{1} << 40;

Sha256 fingerprint(const SignedState& state) {
  const Checkpoint& checkpoint = state.checkpoint;
  return sha256({checkpoint.hash, checkpoint.key_id, checkpoint.signature,
                 std::as_bytes(std::span(&checkpoint.cause, 1)), std::as_bytes(std::span(&checkpoint.at, 1)),
                 std::as_bytes(std::span(&state.segment, 1))});
}

// What the anchor has seen of one chain.
class AnchorMemory {
 public:
  void add(const AnchorLine& line) {
    fingerprints_.emplace_back(line.state.checkpoint.seq, fingerprint(line.state));
    if (line.state.checkpoint.seq >= newest_.state.checkpoint.seq) newest_ = line;
  }
  void sort() { std::sort(fingerprints_.begin(), fingerprints_.end()); }
  // All lines about entry `seq`, which is this checkpoint (or, null, is none).
  bool fits(uint64_t seq, const SignedState* state) const {
    const auto [begin, end] = std::equal_range(fingerprints_.begin(), fingerprints_.end(), std::pair(seq, Sha256{}),
                                               [](const auto& a, const auto& b) { return a.first < b.first; });
    return std::all_of(begin, end,
                       [&](const auto& line) { return state != nullptr && line.second == fingerprint(*state); });
  }
  const AnchorLine& newest() const { return newest_; }
  bool empty() const { return fingerprints_.empty(); }

 private:
  std::vector<std::pair<uint64_t, Sha256>> fingerprints_;
  AnchorLine newest_;
};

class Verification {
 public:
  Verification(const std::string& dir, const std::vector<Bytes>& public_keys, const std::string& anchor)
      : dir_(dir), verifier_(public_keys), anchor_(anchor) {}

  VerifyOutcome run() {
    if (walk_all()) check_anchor_end();
    out_.entries = last_seq_;
    return std::move(out_);
  }

 private:
  bool broken(uint64_t seq, std::string reason) {
    if (!out_.broken_seq) {
      out_.broken_seq = seq;
      out_.reason = std::move(reason);
    }
    return false;
  }

  bool walk_all() {
    const auto files = begun_segments(dir_);
    if (!files) return broken(1, files.error().what);
    if (!files->empty()) {
      const auto first = decode_header(files->front().header);
      if (first && files->front().number == 1) first_ = *first;
    }
    if (!anchor_.empty() && !read_anchor_lines()) return false;
    uint32_t expected = 1;
    for (const SegmentFile& file : *files) {
      if (file.number != expected) return broken(last_seq_ + 1, "segment " + std::to_string(expected) + " is missing");
      if (!walk_one(file, file.number == files->back().number)) return false;
      ++expected;
    }
    return true;
  }

  bool read_anchor_lines() {
    const auto read = read_anchor(anchor_, kAnchorBytesMax, [&](const AnchorLine& line) {
      if (first_ && line.state.installation == first_->installation && line.state.chain == first_->chain)
        own_.add(line);
      else if (!first_ ||
               (line.state.installation == first_->installation && line.node == anchor_node_name(first_->node)))
        if (verifier_.fits(line.state)) other_ = line;
    });
    own_.sort();
    if (!read) return broken(1, read.error().what);
    return true;
  }

  bool walk_one(const SegmentFile& file, bool is_last) {
    const std::string name = "segment " + std::to_string(file.number);
    const auto header = decode_header(file.header);
    if (!header) return broken(last_seq_ + 1, name + ": " + header.error().what);
    if (header->installation != first_->installation || header->chain != first_->chain)
      return broken(last_seq_ + 1, name + " belongs to another log");
    if (header->first_seq != last_seq_ + 1 || header->previous != last_hash_)
      return broken(last_seq_ + 1, name + " does not follow the one before it");
    last_hash_ = header_hash(file.header);
    bool ended = false;
    const auto walked = walk_segment(dir_, file.number,
                                     [&](const SegmentHeader& now, const ScannedEntry& entry, const Sha256& previous) {
                                       if (ended) return broken(entry.head.seq, "it stands behind the end of " + name);
                                       if (!check_entry(now, entry, previous, ended)) return false;
                                       last_seq_ = entry.head.seq;
                                       last_hash_ = entry.hash;
                                       return true;
                                     });
    if (out_.broken_seq) return false;
    if (!walked) return broken(last_seq_ + 1, name + ": " + walked.error().what);
    if (walked->broken != nullptr) return broken(last_seq_ + 1, walked->broken);
    if (walked->more_behind) return broken(last_seq_ + 1, "it was erased, and others stand behind it");
    if (!is_last && !ended) return broken(last_seq_ + 1, name + " ends without its closing checkpoint");
    return true;
  }

  bool check_entry(const SegmentHeader& header, const ScannedEntry& entry, const Sha256& previous, bool& ended) {
    const uint64_t seq = entry.head.seq;
    if (entry.head.kind != static_cast<uint8_t>(AuditKind::kCheckpoint)) {
      if (const auto access = decode_access(entry.body); !access) return broken(seq, access.error().what);
      return own_.fits(seq, nullptr) || broken(seq, "it is not what the anchor has seen");
    }
    const auto checkpoint = decode_checkpoint(entry.body);
    if (!checkpoint) return broken(seq, checkpoint.error().what);
    if (checkpoint->hash != previous) return broken(seq, "checkpoint vouches for another hash");
    if (!verifier_.knows(checkpoint->key_id)) return broken(seq, "checkpoint is signed by an unknown key");
    const SignedState state{header.installation, header.chain, header.number, *checkpoint};
    if (!verifier_.fits(state)) return broken(seq, "checkpoint signature is wrong");
    if (!own_.fits(seq, &state)) return broken(seq, "it is not what the anchor has seen");
    ended = checkpoint->cause == CheckpointCause::kSegmentEnd;
    return true;
  }

  void check_anchor_end() {
    if (!own_.empty() && own_.newest().state.checkpoint.seq > last_seq_) {
      if (verifier_.fits(own_.newest().state))
        broken(last_seq_ + 1,
               "the end was cut: the anchor has seen entry " + std::to_string(own_.newest().state.checkpoint.seq));
      else
        broken(last_seq_ + 1, "the anchor has a line that no known key signed");
    } else if (other_) {
      broken(1, "the anchor has seen another log of this node, with " + std::to_string(other_->state.checkpoint.seq) +
                    " entries");
    }
  }

  const std::string& dir_;
  const Verifier verifier_;
  const std::string& anchor_;
  VerifyOutcome out_;
  std::optional<SegmentHeader> first_;
  AnchorMemory own_;
  std::optional<AnchorLine> other_;
  uint64_t last_seq_ = 0;
  Sha256 last_hash_{};
};

}  // namespace

VerifyOutcome verify_audit(const std::string& dir, const std::vector<Bytes>& public_keys, const std::string& anchor) {
  return Verification(dir, public_keys, anchor).run();
}

}  // namespace sallyport::storage
