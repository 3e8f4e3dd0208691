// The ring between those who record and the thread that writes segments: a file, written with zeros once and mapped, so
// that what stands in it outlives the process. Records are a segment's bytes, entries and headers, one after the other;
// they may go over the ring's end to its beginning. Offsets only grow; their place is offset % bytes.
// Those who hold the log's lock call everything but piece(), copy_out(), make_ready() and let_go(), which one thread
// may call beside them.
#pragma once

#include <memory>
#include <string>

#include "base/fd.h"
#include "storage/audit_format.h"

namespace sallyport::storage::audit {

class Ring {
 public:
  // Empty, to go on behind entry `seq`. What an old ring of the folder held must have been taken over.
  // bytes: a multiple of 4096.   errors: kUnavailable (no room, ...).   cost: writes the file, when it is new.
  static Result<std::unique_ptr<Ring>> open(const std::string& dir, const RecordId& installation, const RecordId& chain,
                                            uint64_t bytes, uint64_t seq);
  Ring(Fd fd, std::span<std::byte> mapping);  // owns both; open() makes them
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  uint64_t head() const { return head_; }
  uint64_t drained() const { return drained_; }
  size_t used() const { return static_cast<size_t>(head_ - drained_); }
  size_t left() const { return data_.size() - used(); }

  // The caller has kept the room. A header counts once the entry behind it is there. After kill -9 an entry is there
  // whole or not at all: what tells that it is, is stored last. entry: the length and the body.
  void put_entry(ByteView entry, uint64_t seq, const Sha256& hash);
  void put_header(const HeaderBytes& header);
  // Everything before `offset`, a record's end, is in the segments. An empty ring begins at its beginning again, so
  // that little traffic touches few pages.
  void drained_to(uint64_t offset);

  // What lies at [from, to) up to the ring's end: never empty when from < to.
  ByteView piece(uint64_t from, uint64_t to) const;
  void copy_out(uint64_t from, std::span<std::byte> out) const;
  // Makes the pages from `head` on writable, so that those who record do not wait for the file system: its own
  // writing back (each half minute) takes that from them.   cost: about 0.05 us per page.
  void make_ready(uint64_t head, size_t ahead);
  // Takes the pages behind the first `keep` bytes out of this process's memory; what is in them stays.
  void let_go(size_t keep);

 private:
  void copy_in(uint64_t offset, ByteView bytes);
  void store_header(size_t at, uint64_t value);

  Fd fd_;
  std::span<std::byte> mapping_;
  std::span<std::byte> data_;  // behind the header
  uint64_t head_ = 0;
  uint64_t drained_ = 0;
};

}  // namespace sallyport::storage::audit
