// Names to addresses: TTLs, rebinding, failures of every kind, changing servers.
#include <fstream>
#include <sstream>

#include "tests/base/resolver_world.h"

namespace sallyport {
namespace {

RESOLVER_TEST(gives_both_families_in_turn) {
  server.set_addresses("a.test", {"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"}, 60);
  EXPECT_ASK("a.test", "2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3");
  server.set_addresses("six.test", {"2001:db8::1", "2001:db8::2"}, 60);
  EXPECT_ASK("six.test", "2001:db8::1", "2001:db8::2");
  server.set_addresses("four.test", {"192.0.2.9"}, 60);
  EXPECT_ASK("four.test", "192.0.2.9");
}

RESOLVER_TEST(folds_mapped_addresses_and_drops_doubles) {
  server.set_addresses("a.test", {"10.0.0.1", "10.0.0.1", "::ffff:10.0.0.1"}, 60);
  EXPECT_ASK("a.test", "10.0.0.1");
}

RESOLVER_TEST(asks_once_per_ttl) {
  server.set_addresses("a.test", {"192.0.2.1"}, 30);
  EXPECT_EQ(cached("a.test"), Texts{"-"});
  EXPECT_ASK("a.test", "192.0.2.1");
  EXPECT_EQ(cached("a.test"), Texts{"192.0.2.1"});
  EXPECT_EQ(cached("A.TEST"), Texts{"192.0.2.1"});
  clock.shift += 25s;
  auto later = turn();
  co_await later;
  EXPECT_ASK("a.test", "192.0.2.1");
  EXPECT_EQ(server.asked("a.test"), 1);
  server.set_addresses("a.test", {"192.0.2.2"}, 30);  // rebinding: the new answer counts from here on
  clock.shift += 6s;
  EXPECT_EQ(cached("a.test"), Texts{"-"});
  auto over = turn();
  co_await over;
  EXPECT_ASK("a.test", "192.0.2.2");
  EXPECT_EQ(server.asked("a.test"), 2);
  EXPECT_EQ(cached("a.test"), Texts{"192.0.2.2"});
}

RESOLVER_TEST(keeps_an_answer_at_least_a_second_and_at_most_five_minutes) {
  server.set_addresses("zero.test", {"192.0.2.1"}, 0);
  server.set_addresses("year.test", {"192.0.2.1"}, 31536000);
  server.set_addresses("negative.test", {"192.0.2.1"}, 0xffffffff);
  for (const std::string host : {"zero.test", "year.test", "negative.test"}) EXPECT_ASK(host, "192.0.2.1");
  clock.shift += 500ms;
  for (const std::string host : {"zero.test", "year.test", "negative.test"})
    EXPECT_EQ(cached(host), Texts{"192.0.2.1"});
  clock.shift += 1s;
  EXPECT_EQ(cached("zero.test"), Texts{"-"});
  EXPECT_EQ(cached("negative.test"), Texts{"-"});
  clock.shift += 290s;
  EXPECT_EQ(cached("year.test"), Texts{"192.0.2.1"});
  clock.shift += 10s;
  EXPECT_EQ(cached("year.test"), Texts{"-"});
}

RESOLVER_TEST(follows_aliases_and_keeps_their_smallest_ttl) {
  const DnsReply chain{
      .records = {{"a.test", 5, 2, "b.test"}, {"b.test", 5, 500, "c.test"}, {"c.test", 1, 600, "192.0.2.7"}}};
  server.set("a.test", 1, chain);
  server.set("a.test", 28, {.records = {{"a.test", 5, 2, "b.test"}, {"b.test", 5, 500, "c.test"}}});
  EXPECT_ASK("a.test", "192.0.2.7");
  clock.shift += 3s;
  EXPECT_EQ(cached("a.test"), Texts{"-"});
}

RESOLVER_TEST(tells_a_name_that_does_not_exist_from_a_server_that_does_not_answer) {
  server.set_both("refused.test", {.rcode = 5});
  server.set_both("broken.test", {.rcode = 2});
  server.set_both("silent.test", {.kind = DnsReply::Kind::kSilence});
  server.set_both("empty.test", {});
  EXPECT_ASK("missing.test", "not_found");
  EXPECT_ASK("empty.test", "not_found");
  EXPECT_ASK("refused.test", "unavailable");
  EXPECT_ASK("broken.test", "unavailable");
  EXPECT_ASK("silent.test", "unavailable");
  EXPECT_GE(server.asked("silent.test"), 2) << "tried again";
}

RESOLVER_TEST(remembers_a_failure_for_five_seconds) {
  EXPECT_ASK("new.test", "not_found");
  server.set_addresses("new.test", {"192.0.2.1"}, 60);
  clock.shift += 4s;
  auto soon = turn();
  co_await soon;
  EXPECT_ASK("new.test", "not_found");
  EXPECT_EQ(cached("new.test"), Texts{"-"});
  EXPECT_EQ(server.asked("new.test"), 1);
  clock.shift += 2s;
  auto later = turn();
  co_await later;
  EXPECT_ASK("new.test", "192.0.2.1");
}

RESOLVER_TEST(does_not_believe_junk_or_foreign_answers) {
  server.set_both("junk.test", {.kind = DnsReply::Kind::kJunk});
  server.set_both("id.test", {.kind = DnsReply::Kind::kForeignId, .records = {{"id.test", 1, 60, "192.0.2.66"}}});
  server.set_both("question.test",
                  {.kind = DnsReply::Kind::kForeignQuestion, .records = {{"question.test", 1, 60, "192.0.2.66"}}});
  EXPECT_ASK("junk.test", "unavailable");
  EXPECT_ASK("id.test", "unavailable");
  EXPECT_ASK("question.test", "unavailable");
}

RESOLVER_TEST(does_not_take_an_address_that_belongs_to_another_name) {
  server.set("a.test", 1, {.records = {{"elsewhere.test", 1, 60, "192.0.2.66"}}});
  server.set("a.test", 28, {});
  auto asking = ask("a.test");
  const Texts answer = co_await asking;
  EXPECT_NE(answer, Texts{"192.0.2.66"});
}

RESOLVER_TEST(takes_a_truncated_answer_by_tcp) {
  DnsReply many{.kind = DnsReply::Kind::kTruncated};
  for (int i = 1; i <= 40; ++i) many.records.push_back({"big.test", 1, 60, "192.0.2." + std::to_string(i)});
  server.set("big.test", 1, many);
  server.set("big.test", 28, {});
  auto asking = ask("big.test");
  const Texts answer = co_await asking;
  EXPECT_EQ(answer.size(), 40u);
  EXPECT_EQ(answer.at(0), "192.0.2.1");
  EXPECT_GE(server.asked_by_tcp(), 1);
}

RESOLVER_TEST(bounds_the_addresses_of_a_name) {
  DnsReply many{.kind = DnsReply::Kind::kTruncated};
  for (int i = 0; i < 1000; ++i)
    many.records.push_back({"huge.test", 1, 60, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)});
  server.set("huge.test", 1, many);
  server.set("huge.test", 28, {});
  auto asking = ask("huge.test");
  const Texts answer = co_await asking;
  EXPECT_EQ(answer.size(), 64u);
}

RESOLVER_TEST(answers_localhost_by_itself) {
  for (const std::string host : {"localhost", "LOCALHOST", "localhost.", "gate.localhost", "a.b.localhost"})
    EXPECT_ASK(host, "127.0.0.1", "::1");
  EXPECT_EQ(cached("localhost"), (Texts{"127.0.0.1", "::1"}));
  EXPECT_EQ(cached("Gate.LocalHost"), (Texts{"127.0.0.1", "::1"}));
  EXPECT_EQ(cached("notlocalhost"), Texts{"-"});
  EXPECT_ASK("notlocalhost", "not_found");
  EXPECT_EQ(server.asked("localhost"), 0);
  EXPECT_EQ(server.asked("gate.localhost"), 0);
}

RESOLVER_TEST(returns_address_literals_as_they_are) {
  EXPECT_ASK("192.0.2.4", "192.0.2.4");
  EXPECT_ASK("2001:DB8::4", "2001:db8::4");
  EXPECT_ASK("::ffff:10.1.2.3", "10.1.2.3");
  EXPECT_EQ(cached("192.0.2.4"), Texts{"192.0.2.4"});
}

RESOLVER_TEST(refuses_what_is_no_host_name) {
  server.set_addresses("127.1", {"127.0.0.1"}, 60);
  for (const std::string& host : {std::string(),
                                  std::string("."),
                                  std::string("a..test"),
                                  std::string(".test"),
                                  std::string("a b.test"),
                                  std::string("a\0.test", 7),
                                  std::string("a\n.test"),
                                  std::string("-a.test"),
                                  std::string("a-.test"),
                                  std::string("\xc3\xa9.test"),
                                  std::string(64, 'a') + ".test",
                                  std::string(254, 'a'),
                                  std::string("127.1"),
                                  std::string("2130706433"),
                                  std::string("0x7f000001"),
                                  std::string("010.0.0.1"),
                                  std::string("1.2.3.4.5"),
                                  std::string("[::1]"),
                                  std::string("fe80::1%eth0"),
                                  std::string("a.test:80"),
                                  std::string("a.test..")})
    EXPECT_ASK(host, "malformed");
  EXPECT_EQ(server.asked("127.1"), 0);
  server.set_addresses("x_y-1.test", {"192.0.2.1"}, 60);
  EXPECT_ASK("X_y-1.Test.", "192.0.2.1");
}

RESOLVER_TEST(other_servers_are_asked_from_then_on_and_the_old_ones_word_is_forgotten) {
  DnsServer other;
  server.set_addresses("a.test", {"192.0.2.1"}, 60);
  other.set_addresses("a.test", {"192.0.2.2"}, 60);
  EXPECT_ASK("a.test", "192.0.2.1");
  resolver->use_servers({other.endpoint()});
  EXPECT_EQ(cached("a.test"), Texts{"-"});
  EXPECT_ASK("a.test", "192.0.2.2");
  EXPECT_EQ(cached("a.test"), Texts{"192.0.2.2"});
}

RESOLVER_TEST(a_look_up_under_way_ends_with_the_servers_it_began_with) {
  DnsServer other;
  server.set_addresses("a.test", {"192.0.2.1"}, 60);
  Task<Texts> asking = ask("a.test");
  asking.start();
  for (int i = 0; i < 3; ++i) resolver->use_servers({other.endpoint()});
  while (!asking.done()) {
    auto next = turn();
    co_await next;
  }
  EXPECT_EQ(asking.take(), Texts{"192.0.2.1"});
}

RESOLVER_TEST(asks_the_second_server_when_the_first_is_dead) {
  uint16_t dead_port = 0;
  {
    const DnsServer dead;
    dead_port = dead.endpoint().port;
  }
  start({.servers = {{IpAddress::v4({127, 0, 0, 1}), dead_port}, server.endpoint()}, .timeout = 100ms, .tries = 2});
  server.set_addresses("a.test", {"192.0.2.1"}, 60);
  EXPECT_ASK("a.test", "192.0.2.1");
}

RESOLVER_TEST(says_unavailable_when_no_server_is_there) {
  uint16_t dead_port = 0;
  {
    const DnsServer dead;
    dead_port = dead.endpoint().port;
  }
  start({.servers = {{IpAddress::v4({127, 0, 0, 1}), dead_port}}, .timeout = 50ms, .tries = 1});
  EXPECT_ASK("a.test", "unavailable");
}

// A name of /etc/hosts besides localhost, if there is one.
std::pair<std::string, std::string> hosts_entry() {
  std::ifstream file("/etc/hosts");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    std::string name;
    words >> address >> name;
    const auto ip = IpAddress::parse(address);
    if (ip && ip->is_v4() && !name.empty() && name.find("localhost") == name.npos) return {name, address};
  }
  return {};
}

TEST(resolver, the_systems_resolver_reads_the_hosts_file_and_a_list_of_servers_does_not) {
  struct Hosts final : World {
    Task<void> body(std::string name, std::string address) {
      EXPECT_ASK(name, "not_found");
      start({});
      auto asking = ask(name);
      const Texts answer = co_await asking;
      EXPECT_THAT(answer, testing::Contains(address));
    }
  };
  const auto [name, address] = hosts_entry();
  if (name.empty()) GTEST_SKIP() << "/etc/hosts has no other name than localhost";
  Hosts world;
  world.run(world.body(name, address));
}

}  // namespace
}  // namespace sallyport
