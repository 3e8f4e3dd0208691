// Pieces of memory that are handed out again: whole, never twice at once, from any thread, and not without bound.
#include "base/recycled.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace sallyport {
namespace {

TEST(Recycled, pieces_of_every_size_are_whole_and_nobody_elses) {
  std::vector<std::pair<unsigned char*, size_t>> taken;
  for (int round = 0; round < 3; ++round) {
    for (const size_t size : {1, 8, 127, 128, 129, 1024, 4095, 4096, 4097, 100'000}) {
      auto* const piece = static_cast<unsigned char*>(take_piece(size));
      std::memset(piece, static_cast<int>(taken.size()), size);
      taken.emplace_back(piece, size);
    }
    if (round == 1) continue;  // one round lives beside the next
    for (size_t i = 0; i < taken.size(); ++i) {
      const auto& [piece, size] = taken[i];
      EXPECT_EQ(piece[0], i);
      EXPECT_EQ(piece[size - 1], i);
      give_back_piece(piece, size);
    }
    taken.clear();
  }
}

TEST(Recycled, may_be_given_back_by_another_thread_and_after_its_own_has_ended) {
  std::vector<void*> pieces;
  std::thread([&] {
    for (int i = 0; i < 100; ++i) pieces.push_back(take_piece(300));
  }).join();
  std::thread([&] {
    for (void* const piece : pieces) give_back_piece(piece, 300);
    const std::set<void*> before(pieces.begin(), pieces.end());
    std::set<void*> again;
    for (int i = 0; i < 100; ++i) again.insert(take_piece(300));
    EXPECT_EQ(again.size(), 100U) << "one piece was given to two";
    for (void* const piece : again) give_back_piece(piece, 300);
  }).join();
}

TEST(Recycled, a_thread_keeps_no_more_than_said) {
  std::thread([] {
    const size_t before = mallinfo2().uordblks;
    std::vector<void*> pieces;
    for (size_t bytes = 0; bytes < 4 * kRecycledKept; bytes += kRecycledMost)
      pieces.push_back(take_piece(kRecycledMost));
    for (void* const piece : pieces) give_back_piece(piece, kRecycledMost);
    pieces = {};
    EXPECT_LE(mallinfo2().uordblks, before + kRecycledKept + kRecycledKept / 4);
  }).join();
}

struct Made : Recycled {
  explicit Made(int value) : value(value) {}
  int value;
  char more[500];
};

TEST(Recycled, classes_and_strings_live_in_it) {
  auto one = std::make_unique<Made>(1);
  const auto two = std::make_unique<Made>(2);
  one.reset();
  const auto three = std::make_unique<Made>(3);
  EXPECT_EQ(two->value, 2);
  EXPECT_EQ(three->value, 3);
  RecycledString text;
  for (int i = 0; i < 10'000; ++i) text += static_cast<char>('a' + i % 26);
  RecycledString other = text;
  text.clear();
  text.shrink_to_fit();
  EXPECT_EQ(other.size(), 10'000U);
  EXPECT_EQ(other[9'999], 'a' + 9'999 % 26);
}

}  // namespace
}  // namespace sallyport
