// Bytes that HTTP/2 connections of one worker hold for one side or the other: bodies that a reader has not asked for,
// answers that no window takes, heads that do not end. Each connection has its windows; all of them together have this.
// Over it, whoever holds most lets go.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace sallyport::proxy {

class HeldMemory {
 public:
  class Holder {
   public:
    virtual size_t held() const = 0;
    virtual void let_go() = 0;  // its connection ends; it is over at the end of this turn

   protected:
    ~Holder() = default;
  };

  explicit HeldMemory(const size_t& most) : most_(most) {}
  void enter(Holder& holder) { holders_.push_back(&holder); }
  void leave(Holder& holder) { std::erase(holders_, &holder); }
  void add(size_t bytes) { held_ += bytes; }
  void remove(size_t bytes) { held_ -= bytes; }
  size_t held() const { return held_; }
  bool roomy() const { return held_ < most_ / 4; }
  // cost: nothing, or a look at every holder.
  void relieve() {
    if (held_ <= most_) return;
    const auto largest = std::ranges::max_element(holders_, {}, &Holder::held);
    if (largest != holders_.end()) (*largest)->let_go();
  }

 private:
  const size_t& most_;  // of the settings in force
  size_t held_ = 0;
  std::vector<Holder*> holders_;
};

}  // namespace sallyport::proxy
