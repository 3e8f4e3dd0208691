// What strangers bring to the addresses of providers, and one provider that is slow: neither is felt by the others.
#include "tests/sso/provider_world.h"

namespace sallyport::sso {
namespace {

constexpr const char* kStranger = "192.0.2.66";
constexpr const char* kOther = "198.51.100.1";

class ProviderLimitsTest : public ProviderWorld {
 protected:
  ProviderLimitsTest() {
    add_record(policy::Kind::kIdentityProvider, "old",
               {{"type", "saml"}, {"saml", {{"metadata", "https://old.test/metadata"}}}});
    rebuild();
  }
  // An answer that nobody asked for.
  GateRequest answer(const char* address, const std::string& name = "corp") {
    return from(address, page(kGate, "/.sallyport/oidc/" + name + "/callback?code=made-up&state=" + random_handle()));
  }
  GateRequest form(const char* address, const std::string& path, const std::string& body) {
    GateRequest out = from(address, request("POST", kGate, path));
    out.content_type = "application/x-www-form-urlencoded";
    out.message = body;
    return out;
  }
  GateRequest notice(const char* address, const std::string& token) {
    return form(address, "/.sallyport/oidc/corp/backchannel-logout", "logout_token=" + token);
  }
  std::string forged() const { return fetcher_.signer().token({{"iss", "https://corp.test"}, {"aud", "somebody"}}); }
  void use_up(const char* address) {
    for (int i = 0; i < kFailuresPerNetwork.burst; ++i) EXPECT_EQ(ask(answer(address)).status, 403) << i;
  }
};

TEST_F(ProviderLimitsTest, answers_that_are_made_up_are_so_many_and_no_more) {
  use_up(kStranger);
  const GateReply reply = ask(answer(kStranger));
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(header(reply, "Retry-After"), "1");
  EXPECT_EQ(ask(answer(kOther)).status, 403) << "another network";
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(ask(answer(kStranger)).status, 403) << "one a second";
  EXPECT_EQ(ask(answer(kStranger)).status, 429);
}

TEST_F(ProviderLimitsTest, an_address_of_version_6_is_its_network) {
  for (int i = 0; i < kFailuresPerNetwork.burst; ++i)
    EXPECT_EQ(ask(answer(("2001:db8:1:2::" + std::to_string(i + 1)).c_str())).status, 403) << i;
  EXPECT_EQ(ask(answer("2001:db8:1:2:ffff::1")).status, 429);
  EXPECT_EQ(ask(answer("2001:db8:1:3::1")).status, 403);
}

TEST_F(ProviderLimitsTest, failures_count_together_whichever_provider_and_kind_they_are_of) {
  use_up(kStranger);
  EXPECT_EQ(ask(answer(kStranger, "lab")).status, 429);
  EXPECT_EQ(ask(notice(kStranger, forged())).status, 429);
  EXPECT_EQ(ask(form(kStranger, "/.sallyport/saml/old/acs", "SAMLResponse=x")).status, 429);
  EXPECT_EQ(ask(form(kOther, "/.sallyport/saml/old/acs", "SAMLResponse=x")).status, 403);
  EXPECT_EQ(ask(form(kStranger, "/.sallyport/saml/old/slo", "SAMLRequest=x")).status, 429);
  EXPECT_EQ(ask(from(kStranger, page(kGate, "/.sallyport/saml/old/slo?SAMLRequest=x"))).status, 429);
}

// The twin: who shares the stranger's network goes to the provider and is signed out; only the way back waits.
TEST_F(ProviderLimitsTest, who_begins_to_sign_in_is_not_held_up) {
  use_up(kStranger);
  EXPECT_EQ(ask(from(kStranger, page(kGate, "/.sallyport/oidc/corp/login"))).status, 302);
  EXPECT_EQ(ask(from(kStranger, page(kGate, "/.sallyport/login"))).status, 200);
}

TEST_F(ProviderLimitsTest, logout_tokens_that_are_forged_are_so_many_and_no_more) {
  for (int i = 0; i < kFailuresPerNetwork.burst; ++i) EXPECT_EQ(ask(notice(kStranger, forged())).status, 400) << i;
  const GateReply reply = ask(notice(kStranger, forged()));
  EXPECT_EQ(reply.status, 429);
  EXPECT_TRUE(header(reply, "Cache-Control").contains("no-store"));  // Back-Channel Logout 1.0 s2.8
  EXPECT_EQ(ask(notice(kOther, forged())).status, 400);
  EXPECT_EQ(fetcher_.asked("corp.test"), 2U) << "its document and its keys, once";
}

TEST_F(ProviderLimitsTest, what_is_no_token_asks_nobody_and_does_not_count) {
  for (int i = 0; i < 2 * kFailuresPerNetwork.burst; ++i) EXPECT_EQ(ask(notice(kStranger, "a.b.c")).status, 400) << i;
  EXPECT_EQ(ask(notice(kStranger, forged())).status, 400);
}

TEST_F(ProviderLimitsTest, that_the_provider_is_away_is_nobodys_failure) {
  fetcher_.away("corp.test");
  for (int i = 0; i < 2 * kFailuresPerNetwork.burst; ++i) EXPECT_EQ(ask(notice(kStranger, forged())).status, 503) << i;
  EXPECT_EQ(ask(answer(kStranger)).status, 403);
}

class SlowProviderTest : public ProviderWorld {
 protected:
  // Sign-ins that begin there and wait.
  void begin_at(const char* name, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      waiting_.push_back(gate_->handle(elsewhere_, page(kGate, "/.sallyport/oidc/" + std::string(name) + "/login")));
      waiting_.back().start(nullptr);
    }
  }
  GateReply sign_in_at(const char* name) {
    return ask(page(kGate, "/.sallyport/oidc/" + std::string(name) + "/login"));
  }
  Loop elsewhere_{clock_};
  std::vector<Task<GateReply>> waiting_;
};

TEST_F(SlowProviderTest, holds_a_part_of_the_threads_and_the_others_are_asked) {
  fetcher_.hold("corp.test");
  begin_at("corp", 3 * kProviderThreads);
  fetcher_.until_asked("corp.test", kBoundsOfOneProvider.running_max);
  EXPECT_EQ(sign_in_at("lab").status, 302) << "another provider";
  EXPECT_EQ(fetcher_.asked("corp.test"), kBoundsOfOneProvider.running_max);
  EXPECT_EQ(asking_.queued(), 3 * kProviderThreads - kBoundsOfOneProvider.running_max) << "who waits for the slow one";
  fetcher_.release("corp.test");
  EXPECT_EQ(sign_in_at("corp").status, 302) << "it was only slow";
}

TEST_F(SlowProviderTest, has_so_many_waiting_and_the_next_are_told) {
  fetcher_.hold("corp.test");
  begin_at("corp", kBoundsOfOneProvider.running_max);
  fetcher_.until_asked("corp.test", kBoundsOfOneProvider.running_max);
  begin_at("corp", kBoundsOfOneProvider.queued_max);
  for (const auto& each : waiting_) EXPECT_FALSE(each.done());
  const GateReply told = sign_in_at("corp");
  EXPECT_EQ(told.status, 503);
  EXPECT_NE(header(told, "Retry-After"), "");
  EXPECT_EQ(sign_in_at("lab").status, 302) << "another provider";
  fetcher_.release("corp.test");
}

}  // namespace
}  // namespace sallyport::sso
