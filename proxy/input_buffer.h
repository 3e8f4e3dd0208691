// What a connection has read and not yet used. While bytes are being worked on they stand in a block of the worker's
// pool; a connection that waits holds no block, only a right-sized stash of a half-read head.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/byte_channel.h"
#include "proxy/codec/http1_head.h"

namespace sallyport::proxy {

constexpr size_t kBlockBytes = 64 * 1024;  // the configuration's head_bytes cannot be over this

struct Block {
  http::Head head;  // room for the head parsed out of `bytes`
  std::array<char, kBlockBytes> bytes;
};

// Blocks of one worker, last in first out so that the hottest is used again. At most kKept are kept.
class BlockPool {
 public:
  std::unique_ptr<Block> take();
  void give_back(std::unique_ptr<Block> block);

 private:
  static constexpr size_t kKept = 64;
  std::vector<std::unique_ptr<Block>> free_;
};

class InputBuffer {
 public:
  explicit InputBuffer(BlockPool& pool) : pool_(pool) {}
  ~InputBuffer() { drop(); }
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  std::string_view view() const;  // valid until the next fill(), rest() or drop()
  bool empty() const { return begin_ == end_ && stash_.empty(); }
  void consume(size_t bytes) { begin_ += bytes; }
  // Reads once into the free room (a view() taken before stays valid only while no compaction was needed).
  // kBlocked with a full buffer: there is no room.
  IoResult fill(ByteChannel& channel);
  bool full() const { return block_ && begin_ == 0 && end_ == kBlockBytes; }
  http::Head& head() { return block_->head; }
  void load();  // makes sure that there is a block, for head()
  // Gives the block back; what is left goes to the stash.
  void rest();
  void drop();

 private:
  BlockPool& pool_;
  std::unique_ptr<Block> block_;
  size_t begin_ = 0;
  size_t end_ = 0;
  std::string stash_;  // only while there is no block
};

}  // namespace sallyport::proxy
