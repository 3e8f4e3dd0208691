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
      : dir_(dir), verifier_(public_keys), anchor_(anchor), ring_(dir) {}

  VerifyOutcome run() {
    if (walk_all()) check_anchor_end();
    out_.entries = at_.seq;
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
    auto files = begun_segments(dir_);
    if (!files) return broken(1, files.error().what);
    if (!files->empty()) {
      const auto first = decode_header(files->front().header);
      if (first && files->front().number == 1) first_ = *first;
    }
    if (!anchor_.empty() && !read_anchor_lines()) return false;
    while (true) {
      uint32_t expected = std::max(at_.header.number, 1u);
      end_broken_ = nullptr;
      for (const SegmentFile& file : *files) {
        if (file.number < at_.header.number) continue;
        if (file.number != expected) return broken(at_.seq + 1, "segment " + std::to_string(expected) + " is missing");
        if (!walk_one(file, file.number == files->back().number)) return false;
        ++expected;
      }
      if (files->empty()) return true;
      const uint64_t in_segments = at_.seq;
      ChainPoint ahead = at_;
      const auto ring =
          ring_.walk(ahead, end_broken_ ? RingWalk::SegmentsEnd::kBroken : RingWalk::SegmentsEnd::kWhole, each_);
      if (out_.broken_seq) return false;
      if (!ring) return broken(at_.seq + 1, ring.error().what);
      at_ = ahead;
      if (*ring != RingWalk::End::kMovedOn)
        return at_.seq > in_segments || end_broken_ == nullptr || broken(at_.seq + 1, end_broken_);
      files = begun_segments(dir_);
      if (!files) return broken(at_.seq + 1, files.error().what);
    }
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
    if (!header) return broken(at_.seq + 1, name + ": " + header.error().what);
    if (file.number != at_.header.number) {
      if (header->installation != first_->installation || header->chain != first_->chain)
        return broken(at_.seq + 1, name + " belongs to another log");
      if (header->first_seq != at_.seq + 1 || header->previous != at_.hash)
        return broken(at_.seq + 1, name + " does not follow the one before it");
      at_ = {*header, at_.seq, header_hash(file.header), false, false};
    } else if (header->first_seq != at_.header.first_seq || header->previous != at_.header.previous ||
               header->chain != at_.header.chain) {
      return broken(at_.seq + 1, name + " is not the one that the ring begins");
    }
    const auto walked = walk_segment(dir_, file.number, at_.seq, each_);
    if (out_.broken_seq) return false;
    if (!walked) return broken(at_.seq + 1, name + ": " + walked.error().what);
    const char* wrong = walked->broken;
    if (wrong == nullptr && walked->more_behind) wrong = "it was erased, and others stand behind it";
    if (!is_last && wrong != nullptr) return broken(walked->at.seq + 1, wrong);
    if (!is_last && !walked->at.ended) return broken(at_.seq + 1, name + " ends without its closing checkpoint");
    if (walked->at.seq == at_.seq) end_broken_ = wrong;
    return true;  // the last one's end may be what a killed writer tore: the ring has it whole then
  }

  bool see(const SegmentHeader& now, const ScannedEntry& entry, const Sha256& previous) {
    const std::string name = "segment " + std::to_string(now.number);
    const uint64_t seq = entry.head.seq;
    if (at_.ended && at_.header.number == now.number && seq > at_.seq)
      return broken(seq, "it stands behind the end of " + name);
    if (!check_entry(now, entry, previous)) return false;
    at_.header = now;
    at_.pass(entry);
    return true;
  }

  bool check_entry(const SegmentHeader& header, const ScannedEntry& entry, const Sha256& previous) {
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
    return true;
  }

  void check_anchor_end() {
    if (!own_.empty() && own_.newest().state.checkpoint.seq > at_.seq) {
      if (verifier_.fits(own_.newest().state))
        broken(at_.seq + 1,
               "the end was cut: the anchor has seen entry " + std::to_string(own_.newest().state.checkpoint.seq));
      else
        broken(at_.seq + 1, "the anchor has a line that no known key signed");
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
  const EachEntry each_ = [this](const SegmentHeader& now, const ScannedEntry& entry, const Sha256& previous) {
    return see(now, entry, previous);
  };
  RingWalk ring_;
  ChainPoint at_;
  const char* end_broken_ = nullptr;  // why the last segment does not go on as it should
};

}  // namespace

VerifyOutcome verify_audit(const std::string& dir, const std::vector<Bytes>& public_keys, const std::string& anchor) {
  return Verification(dir, public_keys, anchor).run();
}

}  // namespace sallyport::storage
