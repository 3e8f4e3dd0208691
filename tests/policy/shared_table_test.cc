#include "policy/shared_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace sallyport::policy {
namespace {

struct Entry {
  int key;
  int value;
};
struct Traits {
  using Key = int;
  static uint64_t hash(int key) { return static_cast<uint64_t>(key) * 0x9e3779b97f4a7c15u >> 7; }
  static int key(const Entry& entry) { return entry.key; }
};
struct Colliding : Traits {
  static uint64_t hash(int) { return 42; }
};
using Table = SharedTable<Entry, Traits>;

TEST(SharedTable, an_empty_table_has_nothing) {
  const Table table;
  EXPECT_EQ(table.find(1), nullptr);
  EXPECT_EQ(table.size(), 0u);
  Table::Editor editor(table);
  editor.erase(1);
  EXPECT_EQ(std::move(editor).finish().size(), 0u);
}

TEST(SharedTable, an_edit_leaves_the_old_table_alone) {
  Table::Editor first{Table()};
  for (int i = 0; i < 1000; ++i) first.set({i, i});
  const Table before = std::move(first).finish();
  Table::Editor second(before);
  second.set({5, 50});
  second.set({5000, 1});
  second.erase(6);
  EXPECT_EQ(second.find(5)->value, 50);
  EXPECT_EQ(second.find(6), nullptr);
  EXPECT_EQ(second.find(7)->value, 7);
  const Table after = std::move(second).finish();
  EXPECT_EQ(before.find(5)->value, 5);
  EXPECT_EQ(before.find(6)->value, 6);
  EXPECT_EQ(before.find(5000), nullptr);
  EXPECT_EQ(before.size(), 1000u);
  EXPECT_EQ(after.find(5)->value, 50);
  EXPECT_EQ(after.find(6), nullptr);
  EXPECT_EQ(after.find(5000)->value, 1);
  EXPECT_EQ(after.size(), 1000u);
  EXPECT_EQ(after.find(900), before.find(900)) << "an untouched entry is the same object";
}

TEST(SharedTable, entries_of_one_hash_are_kept_apart) {
  SharedTable<Entry, Colliding>::Editor editor{SharedTable<Entry, Colliding>()};
  for (int i = 0; i < 100; ++i) editor.set({i, i});
  editor.erase(50);
  const auto table = std::move(editor).finish();
  EXPECT_EQ(table.size(), 99u);
  EXPECT_EQ(table.find(50), nullptr);
  EXPECT_EQ(table.find(99)->value, 99);
}

TEST(SharedTable, agrees_with_a_map_over_many_edits) {
  std::mt19937 random(3);
  std::map<int, int> model;
  Table table;
  for (int round = 0; round < 200; ++round) {
    Table::Editor editor(table);
    for (int i = 0; i < 50; ++i) {
      const int key = static_cast<int>(random() % 2000);
      if (random() % 3 == 0) {
        editor.erase(key);
        model.erase(key);
      } else {
        editor.set({key, round});
        model[key] = round;
      }
    }
    table = std::move(editor).finish();
    ASSERT_EQ(table.size(), model.size());
  }
  for (int key = 0; key < 2000; ++key) {
    const auto expected = model.find(key);
    const Entry* found = table.find(key);
    ASSERT_EQ(found != nullptr, expected != model.end()) << key;
    if (found) EXPECT_EQ(found->value, expected->second);
  }
  size_t walked = 0;
  table.for_each([&](const Entry&) { ++walked; });
  EXPECT_EQ(walked, model.size());
}

}  // namespace
}  // namespace sallyport::policy
