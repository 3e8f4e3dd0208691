// The page of one's tokens: made by a form, shown once, rotated and revoked by buttons, without script.
#include "tests/sso/account_world.h"

namespace sallyport::sso {
namespace {

using std::chrono::hours;

const std::string kPage = std::string(kTokensPath);

class TokenFormsTest : public AccountWorld {
 protected:
  std::string html(Jar& jar) { return open(jar, page(kGate, kPage)).body; }
  std::string csrf(Jar& jar) {
    const std::string body = html(jar);
    return hidden(body.substr(body.find("action=\"/.sallyport/account/tokens")), "csrf");
  }
  GateRequest form(const Jar& jar, std::string_view path, const std::string& fields) {
    GateRequest out = request("POST", kGate, std::string(path));
    out.accept = "text/html";
    out.content_type = "application/x-www-form-urlencoded";
    out.origin = kGateOrigin;
    out.cookie = jar.field(kGate);
    out.body = secret(fields);
    return out;
  }
  static std::string token_in(const std::string& body) {
    const size_t at = body.find("<code>spt_");
    return at == body.npos ? "" : body.substr(at + 6, body.find('<', at + 6) - at - 6);
  }
  bool counts(const std::string& text) { return tokens_.find(token_hash(text), clock_.wall()).has_value(); }
};

TEST_F(TokenFormsTest, makes_one_and_shows_it_once) {
  Jar ann;
  sign_in(ann);
  const GateReply reply = open(ann, form(ann, kTokensPath,
                                         "csrf=" + csrf(ann) +
                                             "&name=Nightly+export&expires=30d&team=plant&resource=crm"
                                             "&read_only=1&path=%2Fa&networks=10.0.0.0%2F8,+192.0.2.7"));
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(header(reply, "Cache-Control"), "no-store");
  const std::string text = token_in(reply.body);
  ASSERT_TRUE(looks_like_token(text)) << reply.body;
  EXPECT_TRUE(reply.body.contains("shown this once"));
  EXPECT_FALSE(reply.body.contains("<script"));
  EXPECT_EQ(reply.body.find(text), reply.body.rfind(text)) << "in one place";
  const auto token = tokens_.find(token_hash(text), clock_.wall());
  ASSERT_TRUE(token);
  EXPECT_EQ(scope_words(*token->scope),
            "team=plant resource=crm read-only path=/a network=10.0.0.0/8 network=192.0.2.7/32");
  const std::string after = html(ann);
  EXPECT_TRUE(after.contains("Nightly export"));
  EXPECT_FALSE(after.contains(text.substr(4)));
  EXPECT_TRUE(open(ann, page(kGate, kAccount)).body.contains("href=\"/.sallyport/account/tokens\""));
}

TEST_F(TokenFormsTest, what_was_typed_wrongly_is_told_and_kept) {
  Jar ann;
  sign_in(ann);
  const GateReply reply =
      open(ann, form(ann, kTokensPath, "csrf=" + csrf(ann) + "&name=%3Cb%3Ebold&expires=30&path=a&admin=1"));
  EXPECT_EQ(reply.status, 400);
  for (const char* part : {"No token was made", "<li>Lasts: ", "<li>Path: ", "<li>Right: ", "value=\"&lt;b&gt;bold\"",
                           "value=\"30\"", "<details open>"})
    EXPECT_TRUE(reply.body.contains(part)) << part << reply.body;
  EXPECT_FALSE(reply.body.contains("<b>"));
  EXPECT_FALSE(html(ann).contains("name=\"admin\"")) << "not offered to who has not got it";
  EXPECT_EQ(events_of("token.create"), 0u);
}

TEST_F(TokenFormsTest, a_button_revokes_and_one_rotates) {
  Jar ann;
  sign_in(ann);
  const std::string field = csrf(ann);
  const GateReply made = open(ann, form(ann, kTokensPath, "csrf=" + field + "&name=ci&expires=1d"));
  const std::string old = token_in(made.body);
  const std::string id = tokens_.find(token_hash(old), clock_.wall())->id.to_string();
  const GateReply rotated = open(ann, form(ann, kRotateTokenPath, "csrf=" + field + "&token=" + id));
  EXPECT_EQ(rotated.status, 200) << rotated.body;
  const std::string next = token_in(rotated.body);
  EXPECT_TRUE(counts(old) && counts(next));
  const std::string next_id = tokens_.find(token_hash(next), clock_.wall())->id.to_string();
  const GateReply revoked = open(ann, form(ann, kRevokeTokenPath, "csrf=" + field + "&token=" + next_id));
  EXPECT_EQ(revoked.status, 303);
  EXPECT_EQ(header(revoked, "Location"), kPage + "?revoked");
  EXPECT_TRUE(open(ann, page(kGate, kPage + "?revoked")).body.contains("The token was revoked."));
  EXPECT_FALSE(counts(next));
  EXPECT_EQ(open(ann, form(ann, kRevokeTokenPath, "csrf=" + field + "&token=" + next_id)).status, 404);
  clock_.advance(hours(1));
  EXPECT_FALSE(counts(old)) << "an hour's overlap";
  EXPECT_EQ(open(ann, form(ann, kRotateTokenPath, "csrf=" + field + "&token=" + id)).status, 404);
  EXPECT_EQ(open(ann, form(ann, kRotateTokenPath, "csrf=" + field + "&token=x")).status, 404);
}

TEST_F(TokenFormsTest, a_form_belongs_to_its_session_and_its_site) {
  Jar ann, mel;
  sign_in(ann);
  sign_in(mel, "mel");
  const std::string field = csrf(ann);
  const std::string id = RecordId::random().to_string();
  const std::pair<std::string_view, std::string> forms[] = {
      {kTokensPath, "&name=ci&expires=1d"}, {kRevokeTokenPath, "&token=" + id}, {kRotateTokenPath, "&token=" + id}};
  for (const auto& [path, fields] : forms) {
    const std::string good = "csrf=" + field + fields;
    for (const std::string& wrong : {std::string("csrf=") + fields, "csrf=x" + fields, fields.substr(1),
                                     "csrf=" + csrf(mel) + fields, "csrf=" + csrf_without_others(ann) + fields})
      EXPECT_EQ(ask(form(ann, path, wrong)).status, 403) << path << wrong;
    for (const char* origin : {"https://crm.apps.localhost:8443", "null", "https://evil.example.test"}) {
      GateRequest foreign = form(ann, path, good);
      foreign.origin = origin;
      EXPECT_EQ(ask(std::move(foreign)).status, 403) << path << origin;
    }
    GateRequest text = form(ann, path, good);
    text.content_type = "text/plain";
    EXPECT_EQ(ask(std::move(text)).status, 415) << path;
    GateRequest nobody = form(ann, path, good);
    nobody.cookie.clear();
    EXPECT_EQ(ask(std::move(nobody)).status, 303) << path;
    GateRequest token = form(ann, path, good);
    token.by_token = true;
    EXPECT_EQ(ask(std::move(token)).status, 403) << path;
  }
  EXPECT_EQ(ask(page(kGate, kPage)).status, 302);
  add_platform({{"mfa", "required"}});
  rebuild();
  EXPECT_EQ(header(open(ann, page(kGate, kPage)), "Location"), kFactorsPath);
  for (const auto& [path, fields] : forms)
    EXPECT_EQ(ask(form(ann, path, "csrf=" + field + fields)).status, 401) << path;
  EXPECT_EQ(events_of("token.create"), 0u);
}

TEST_F(TokenFormsTest, as_many_as_one_may_have) {
  add_platform({{"tokens", {{"per_user", 1}, {"max_life", "7d"}}}});
  rebuild();
  Jar ann;
  sign_in(ann);
  EXPECT_TRUE(html(ann).contains("at most 7d."));
  const std::string fields = "csrf=" + csrf(ann) + "&name=ci&expires=1d";
  EXPECT_EQ(open(ann, form(ann, kTokensPath, fields)).status, 200);
  const GateReply reply = open(ann, form(ann, kTokensPath, fields));
  EXPECT_EQ(reply.status, 409);
  EXPECT_TRUE(reply.body.contains("as many tokens as one may have"));
}

}  // namespace
}  // namespace sallyport::sso
