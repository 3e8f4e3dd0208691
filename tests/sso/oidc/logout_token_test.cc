#include "tests/sso/oidc/oidc_world.h"

namespace sallyport::sso::oidc {
namespace {

constexpr char kEvent[] = "http://schemas.openid.net/event/backchannel-logout";

struct LogoutWorld : OidcWorld {
  LogoutWorld() {
    claims = {{"iss", "https://op.example.test"},
              {"aud", "gateway one"},
              {"iat", kNowSeconds},
              {"exp", kNowSeconds + 120},
              {"jti", "j-1"},
              {"sub", "248289761001"},
              {"sid", "session-1"},
              {"events", {{kEvent, json::object()}}}};
  }
  LogoutVerdict told(const std::string& token) { return oidc_logout({*this, keys, clock}, client, token); }
  std::string why(const std::string& token) {
    const LogoutVerdict verdict = told(token);
    if (verdict.notice) return "taken";
    EXPECT_FALSE(verdict.checks.list().empty() || verdict.checks.list().back().passed) << verdict.notice.error().what;
    return verdict.notice.error().what;
  }
  std::string why() { return why(signer("RS256").token(header.dump(), claims.dump())); }
  json header{{"alg", "RS256"}, {"kid", "rs"}, {"typ", "logout+jwt"}};
};

TEST(oidc_logout_token, names_who_and_which_session) {
  LogoutWorld world;
  const LogoutVerdict verdict = world.told(signer("RS256").token(world.header.dump(), world.claims.dump()));
  ASSERT_TRUE(verdict.notice) << verdict.notice.error().what;
  EXPECT_EQ(verdict.notice->sub, "248289761001");
  EXPECT_EQ(verdict.notice->sid, "session-1");
  EXPECT_EQ(verdict.notice->jti, "j-1");
  EXPECT_EQ(verdict.notice->replay_until, WallMicros{(kNowSeconds + 180) * 1'000'000});
  world.claims["exp"] = 9'000'000'000;
  const LogoutVerdict longer = world.told(signer("RS256").token(world.header.dump(), world.claims.dump()));
  EXPECT_EQ(longer.notice->replay_until, WallMicros{(kNowSeconds + 660) * 1'000'000}) << "it is refused before that";
}

TEST(oidc_logout_token, what_may_be_left_out) {
  for (const char* member : {"sub", "sid"}) {
    LogoutWorld world;
    world.claims.erase(member);
    EXPECT_EQ(world.why(), "taken") << member;
  }
  for (const char* typ : {"JWT", "logout+JWT"}) {
    LogoutWorld world;
    world.header["typ"] = typ;
    EXPECT_EQ(world.why(), "taken") << typ;
  }
  LogoutWorld world;
  world.header.erase("typ");
  EXPECT_EQ(world.why(), "taken");
}

TEST(oidc_logout_token, what_is_refused) {
  struct Row {
    const char* why;
    const char* member;
    json value;  // null: the member is gone
  };
  const char kNone[] = "token is no logout token";
  const Row rows[] = {
      {kNone, "events", nullptr},
      {kNone, "events", json::object()},
      {kNone, "events", {{"http://schemas.openid.net/event/other", json::object()}}},
      {kNone, "events", {{kEvent, true}}},
      {kNone, "events", {kEvent}},
      {kNone, "events", kEvent},
      {"logout token has a nonce", "nonce", "n-1"},
      {"logout token has a nonce", "nonce", ""},
      {"logout token has no jti", "jti", nullptr},
      {"token has a name that is no short text", "jti", ""},
      {"token has a name that is no short text", "jti", 1},
      {"token has a name that is no short text", "jti", std::string(300, 'j')},
      {"token has a name that is no short text", "sid", 1},
      {"token has a name that is no short text", "sub", {"a"}},
      {"token is of another issuer", "iss", "https://attacker.example.test"},
      {"token is of another issuer", "iss", nullptr},
      {"token is for another client", "aud", "other"},
      {"token is for another client", "aud", nullptr},
      {"token was made for another client", "aud", {"gateway one", "other"}},
      {"token lacks a time", "exp", nullptr},
      {"token lacks a time", "iat", nullptr},
      {"token is not valid any more", "exp", kNowSeconds - 60},
      {"token was issued in the future", "iat", kNowSeconds + 61},
      {"logout token is too old", "iat", kNowSeconds - 661},
  };
  for (const auto& [why, member, value] : rows) {
    LogoutWorld world;
    if (value.is_null())
      world.claims.erase(member);
    else
      world.claims[member] = value;
    EXPECT_EQ(world.why(), why) << member << " " << value;
  }
  LogoutWorld nobody;
  nobody.claims.erase("sub");
  nobody.claims.erase("sid");
  EXPECT_EQ(nobody.why(), "logout token names nobody");
  LogoutWorld access;
  access.header["typ"] = "at+jwt";
  EXPECT_EQ(access.why(), "token is of another kind");
}

TEST(oidc_logout_token, an_id_token_is_none) {
  OidcWorld signing_in;
  LogoutWorld world;
  EXPECT_EQ(world.why(signer("RS256").token(signing_in.claims)), "token is no logout token");
}

TEST(oidc_logout_token, and_nobody_elses) {
  LogoutWorld world;
  const std::string text = world.claims.dump();
  EXPECT_EQ(world.why(JoseSigner("RS256", "rs").token(world.claims)), "token's signature does not fit");
  EXPECT_EQ(world.why(""), "token has not three parts");
  EXPECT_EQ(world.why(base64url_encode(as_bytes(R"({"alg":"none"})")) + "." + base64url_encode(as_bytes(text)) + "."),
            "token's algorithm is not one that is taken");
  EXPECT_EQ(world.asked["/jwks"], 1) << "what is no token asks nobody for keys";
}

}  // namespace
}  // namespace sallyport::sso::oidc
