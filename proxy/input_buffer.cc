#include "proxy/input_buffer.h"

#include <cstring>

namespace sallyport::proxy {

std::unique_ptr<Block> BlockPool::take() {
  if (free_.empty()) return std::make_unique_for_overwrite<Block>();
  auto block = std::move(free_.back());
  free_.pop_back();
  return block;
}

void BlockPool::give_back(std::unique_ptr<Block> block) {
  if (free_.size() < kKept) free_.push_back(std::move(block));
}

std::string_view InputBuffer::view() const {
  if (!block_) return stash_;
  return {block_->bytes.data() + begin_, end_ - begin_};
}

void InputBuffer::load() {
  if (block_) return;
  block_ = pool_.take();
  std::memcpy(block_->bytes.data(), stash_.data(), stash_.size());
  begin_ = 0;
  end_ = stash_.size();
  std::string().swap(stash_);
}

IoResult InputBuffer::fill(ByteChannel& channel) {
  load();
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (end_ == kBlockBytes && begin_ > 0) {
    std::memmove(block_->bytes.data(), block_->bytes.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == kBlockBytes) return {Io::kBlocked};
  const IoResult result = channel.read(std::span(block_->bytes).subspan(end_));
  if (result.io == Io::kOk) end_ += result.bytes;
  return result;
}

void InputBuffer::rest() {
  if (!block_) return;
  stash_.assign(block_->bytes.data() + begin_, end_ - begin_);
  begin_ = end_ = 0;
  pool_.give_back(std::move(block_));
}

void InputBuffer::drop() {
  stash_.clear();
  begin_ = end_ = 0;
  if (block_) pool_.give_back(std::move(block_));
}

}  // namespace sallyport::proxy
