// The cookie of a known device: it counts for the account, the password and the time it was made for, and for nothing
// else.
#include "sso/known_device.h"

#include <gtest/gtest.h>

namespace sallyport::sso {
namespace {

using std::chrono::days;

constexpr WallMicros kNow{1'700'000'000'000'000};

SecretBytes key(char fill) { return *SecretBytes::copy_of(std::string(32, fill)); }
DeviceAccount account(char fill, uint64_t epoch = 1) {
  DeviceAccount out{.user = {}, .password_epoch = epoch};
  out.user.bytes.fill(static_cast<std::byte>(fill));
  return out;
}

TEST(KnownDevices, counts_where_it_was_made) {
  const KnownDevices devices(key('k'));
  const std::string cookie = devices.remember(std::nullopt, account('a'), kNow);
  const auto bucket = devices.bucket(cookie, account('a'), kNow);
  ASSERT_TRUE(bucket);
  EXPECT_EQ(devices.bucket(cookie, account('a'), kNow + days(179)), bucket);
  EXPECT_FALSE(devices.bucket(std::nullopt, account('a'), kNow));
}

TEST(KnownDevices, counts_nowhere_else) {
  const KnownDevices devices(key('k'));
  const std::string cookie = devices.remember(std::nullopt, account('a'), kNow);
  EXPECT_FALSE(devices.bucket(cookie, account('b'), kNow)) << "another account";
  EXPECT_FALSE(devices.bucket(cookie, account('a', 2), kNow)) << "after another password";
  EXPECT_FALSE(devices.bucket(cookie, account('a'), kNow + days(180))) << "after its time";
  EXPECT_FALSE(KnownDevices(key('l')).bucket(cookie, account('a'), kNow)) << "of another installation";
}

TEST(KnownDevices, every_changed_character_makes_it_unknown) {
  const KnownDevices devices(key('k'));
  const std::string cookie = devices.remember(std::nullopt, account('a'), kNow);
  for (size_t at = 0; at < cookie.size(); ++at) {
    std::string changed = cookie;
    changed[at] = changed[at] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(devices.bucket(changed, account('a'), kNow)) << at;
    EXPECT_FALSE(devices.bucket(cookie.substr(0, at), account('a'), kNow)) << at;
  }
}

TEST(KnownDevices, what_has_another_form_is_as_good_as_none) {
  const KnownDevices devices(key('k'));
  const std::string good = devices.remember(std::nullopt, account('a'), kNow);
  const std::string entry = good.substr(good.find('.'));
  for (const std::string& text :
       {std::string(), std::string("."), std::string("x"), good + ".", "." + good, good + " ",
        good + entry + entry + entry + entry, std::string(5000, 'A'), std::string("\0", 1) + good}) {
    EXPECT_FALSE(devices.bucket(text, account('a'), kNow)) << text.substr(0, 80);
    const std::string fresh = devices.remember(text, account('a'), kNow);
    EXPECT_TRUE(devices.bucket(fresh, account('a'), kNow));
    EXPECT_NE(fresh.substr(0, 22), good.substr(0, 22)) << "a device of its own";
  }
}

TEST(KnownDevices, four_people_share_one_and_the_newest_stay) {
  const KnownDevices devices(key('k'));
  std::optional<std::string> cookie;
  for (const char person : {'a', 'b', 'c', 'd', 'e', 'b'}) cookie = devices.remember(cookie, account(person), kNow);
  EXPECT_FALSE(devices.bucket(*cookie, account('a'), kNow)) << "the one that was silent longest";
  for (const char person : {'b', 'c', 'd', 'e'}) EXPECT_TRUE(devices.bucket(*cookie, account(person), kNow)) << person;
  EXPECT_NE(devices.bucket(*cookie, account('b'), kNow), devices.bucket(*cookie, account('c'), kNow));
  EXPECT_LE(cookie->size(), 250u);
}

TEST(KnownDevices, a_sign_in_renews_it_under_the_same_id) {
  const KnownDevices devices(key('k'));
  const std::string first = devices.remember(std::nullopt, account('a'), kNow);
  const std::string second = devices.remember(first, account('a'), kNow + days(100));
  EXPECT_EQ(first.size(), second.size()) << "one entry for one account";
  EXPECT_EQ(devices.bucket(second, account('a'), kNow + days(200)), devices.bucket(first, account('a'), kNow));
  EXPECT_FALSE(devices.bucket(first, account('a'), kNow + days(200)));
}

TEST(KnownDevices, two_devices_have_two_buckets) {
  const KnownDevices devices(key('k'));
  const std::string one = devices.remember(std::nullopt, account('a'), kNow);
  const std::string other = devices.remember(std::nullopt, account('a'), kNow);
  EXPECT_NE(devices.bucket(one, account('a'), kNow), devices.bucket(other, account('a'), kNow));
}

}  // namespace
}  // namespace sallyport::sso
