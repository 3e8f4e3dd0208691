// The secret arena: bounded, wiped, never printed.
#include "base/secret.h"

#include <gtest/gtest.h>

#include <concepts>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace sallyport {
namespace {

using std::string;

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Printable<SecretBytes>);
static_assert(Printable<string>);
static_assert(!std::copyable<SecretBytes>);

TEST(secret_bytes, keeps_what_it_is_given) {
  auto secret = SecretBytes::copy_of("hunter2");
  ASSERT_TRUE(secret.has_value());
  EXPECT_EQ(secret->reveal(), "hunter2");
  auto other = secret->clone();
  EXPECT_EQ(other->reveal(), "hunter2");
  EXPECT_NE(other->view().data(), secret->view().data());
  SecretBytes moved = *std::move(secret);
  EXPECT_EQ(moved.reveal(), "hunter2");
  EXPECT_TRUE(secret->empty());  // NOLINT: moved from on purpose
  EXPECT_TRUE(SecretBytes().empty());
  EXPECT_TRUE(SecretBytes::of_size(0)->empty());
  EXPECT_EQ(SecretBytes::copy_of("")->reveal(), "");
}

TEST(secret_bytes, gives_memory_back_wiped) {
  const size_t before = secret_arena_use().used_bytes;
  const std::byte* where = nullptr;
  {
    auto secret = SecretBytes::copy_of(string(3000, 's'));
    where = secret->view().data();
    EXPECT_EQ(secret_arena_use().used_bytes, before + 4096);
  }
  EXPECT_EQ(secret_arena_use().used_bytes, before);
  for (size_t i = sizeof(void*); i < 3000; ++i) ASSERT_EQ(where[i], std::byte{0}) << i;  // behind the free list's link
  auto again = SecretBytes::of_size(3000);
  EXPECT_EQ(again->view().data(), where);
  for (const std::byte byte : again->view()) ASSERT_EQ(byte, std::byte{0});
}

TEST(secret_bytes, wipes_what_is_overwritten_or_cut) {
  auto a = SecretBytes::copy_of("first secret value");
  auto b = SecretBytes::copy_of("second");
  const size_t used = secret_arena_use().used_bytes;
  *a = *std::move(b);
  EXPECT_EQ(a->reveal(), "second");
  EXPECT_LE(secret_arena_use().used_bytes, used);
  auto cut = SecretBytes::copy_of("0123456789");
  cut->shrink(4);
  EXPECT_EQ(cut->reveal(), "0123");
  EXPECT_EQ(cut->view().data()[4], std::byte{0});
  EXPECT_EQ(cut->view().data()[9], std::byte{0});
  cut->shrink(100);
  EXPECT_EQ(cut->size(), 4u);
}

TEST(secret_bytes, fails_loudly_at_its_limits) {
  EXPECT_TRUE(SecretBytes::of_size(kSecretBytesMax).has_value());
  EXPECT_EQ(SecretBytes::of_size(kSecretBytesMax + 1).error().code, Code::kLimit);
  const size_t before = secret_arena_use().used_bytes;
  {
    std::vector<SecretBytes> all;
    for (;;) {
      auto one = SecretBytes::of_size(kSecretBytesMax);
      if (!one) {
        EXPECT_EQ(one.error().code, Code::kLimit);
        break;
      }
      all.push_back(*std::move(one));
      ASSERT_LE(all.size(), kSecretArenaBytes / kSecretBytesMax);
    }
    EXPECT_GT(all.size(), kSecretArenaBytes / kSecretBytesMax / 2);
    all.pop_back();
    EXPECT_TRUE(SecretBytes::of_size(kSecretBytesMax).has_value());  // and recovers
  }
  EXPECT_EQ(secret_arena_use().used_bytes, before);
}

TEST(secret_bytes, serves_many_threads) {
  const size_t before = secret_arena_use().used_bytes;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([t] {
        for (size_t i = 0; i < 500; ++i) {
          const string text(1 + i % 300, static_cast<char>('a' + t));
          auto secret = SecretBytes::copy_of(text);
          if (!secret || secret->reveal() != text) std::abort();
        }
      });
  }
  EXPECT_EQ(secret_arena_use().used_bytes, before);
}

TEST(wipe, leaves_nothing) {
  string text = "a form body with a password";
  const char* const where = text.data();
  const size_t size = text.size();
  wipe(text);
  EXPECT_TRUE(text.empty());
  for (size_t i = 1; i < size; ++i) EXPECT_EQ(where[i], '\0');
  std::byte bytes[3] = {std::byte{1}, std::byte{2}, std::byte{3}};
  wipe(bytes);
  for (const std::byte byte : bytes) EXPECT_EQ(byte, std::byte{0});
}

}  // namespace
}  // namespace sallyport
