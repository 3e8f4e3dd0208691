// The account page: one's own sessions listed and ended by buttons, and what such a button has to prove.
#include "tests/sso/account_world.h"

namespace sallyport::sso {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class AccountTest : public AccountWorld {
 protected:
  std::string csrf(Jar& jar) {
    const std::string html = open(jar, page(kGate, kAccount)).body;
    return hidden(html.substr(html.find("/.sallyport/account/end-")), "csrf");
  }
  static std::string end_fields(const std::string& csrf, const std::string& session) {
    return "csrf=" + csrf + "&session=" + session;
  }
  GateRequest button(const Jar& jar, std::string_view path, const std::string& fields) {
    GateRequest out = request("POST", kGate, std::string(path));
    out.accept = kPage;
    out.content_type = "application/x-www-form-urlencoded";
    out.origin = kGateOrigin;
    out.cookie = jar.field(kGate);
    out.body = secret(fields);
    return out;
  }
};

TEST_F(AccountTest, shows_each_session_with_place_program_times_and_hosts) {
  Jar old, now;
  sign_in_from(old, "198.51.100.4", "curl/8.14.1");
  clock_.advance(hours(3));
  sign_in_from(now, "192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
  follow_callback(now, code_for(now, kCrm, "/"));
  follow_callback(now, code_for(now, kErp, "/"));
  const std::string html = open(now, page(kGate, kAccount)).body;
  for (const char* part :
       {"Firefox on Linux <span class=\"tag\">this session</span>", "<dd>192.0.2.7</dd>", "<h3>curl</h3>",
        "<dd>198.51.100.4</dd>", "crm.apps.localhost, erp.apps.localhost", "3 hours ago", "just now",
        "datetime=\"2023-11-14T22:13:20Z\">14 November 2023, 22:13 UTC</time>", "this gateway alone",
        "without a second factor", "End session: curl from 198.51.100.4"})
    EXPECT_TRUE(html.contains(part)) << part << "\n" << html;
  EXPECT_LT(html.find("Firefox on Linux"), html.find("<h3>curl</h3>")) << "the present session first";
  for (const Jar* jar : {&old, &now}) EXPECT_FALSE(html.contains(jar->get(kGate, "__Host-sallyport")));
}

TEST_F(AccountTest, shows_nothing_of_others_and_nothing_that_is_over) {
  Jar mel, idle, now;
  sign_in_from(mel, "203.0.113.9", "curl/8.14.1", "mel");
  sign_in_from(idle, "198.51.100.4", "curl/8.14.1");
  clock_.advance(hours(13));
  sign_in(now);
  const std::string html = open(now, page(kGate, kAccount)).body;
  EXPECT_FALSE(html.contains("203.0.113.9"));
  EXPECT_FALSE(html.contains("198.51.100.4"));
  EXPECT_FALSE(html.contains("end-others")) << "there are none";
}

TEST_F(AccountTest, a_use_counts_before_it_is_written) {
  Jar other, now;
  sign_in_from(other, "198.51.100.4", "curl/8.14.1");
  clock_.advance(hours(3));
  sign_in(now);
  EXPECT_TRUE(alive(other, kGate));
  clock_.advance(minutes(5));
  const std::string html = open(now, page(kGate, kAccount)).body;
  EXPECT_TRUE(html.contains("5 minutes ago")) << html;
  EXPECT_FALSE(html.contains("3 hours ago"));
}

TEST_F(AccountTest, a_button_ends_one_session_everywhere) {
  Jar other, now;
  sign_in_from(other, "198.51.100.4", "curl/8.14.1");
  follow_callback(other, code_for(other, kCrm, "/"));
  sign_in(now);
  const RecordId id = session_of(other);
  const GateReply done = open(now, button(now, kEndSessionPath, "csrf=" + csrf(now) + "&session=" + id.to_string()));
  EXPECT_EQ(done.status, 303);
  EXPECT_EQ(header(done, "Location"), "/.sallyport/account?ended=one");
  EXPECT_FALSE(alive(other, kGate) || alive(other, kCrm));
  EXPECT_TRUE(alive(now, kGate));
  EXPECT_EQ(ended_, std::vector{id});
  EXPECT_TRUE(open(now, page(kGate, header(done, "Location"))).body.contains("The session was ended."));
  const storage::AdminEvent event = events().back();
  EXPECT_EQ(event.action, "session.end");
  EXPECT_EQ(event.actor, "ann");
  EXPECT_EQ(event.object, "session " + id.to_string());
  EXPECT_EQ(event.client, "192.0.2.7");
  EXPECT_EQ(event.detail, "ended by session " + session_of(now).to_string());
}

TEST_F(AccountTest, a_button_ends_all_others) {
  Jar one, two, mel, now;
  sign_in(one);
  sign_in(two);
  sign_in(mel, "mel");
  sign_in(now);
  const GateReply done = open(now, button(now, kEndOthersPath, "csrf=" + csrf(now)));
  EXPECT_EQ(done.status, 303);
  EXPECT_FALSE(alive(one, kGate) || alive(two, kGate));
  EXPECT_TRUE(alive(now, kGate) && alive(mel, kGate));
  EXPECT_EQ(ended_.size(), 2u);
  EXPECT_EQ(events_of("session.end"), 2u);
  EXPECT_EQ(open(now, button(now, kEndOthersPath, "csrf=" + csrf_without_others(now))).status, 303) << "none left";
  EXPECT_EQ(events_of("session.end"), 2u);
}

TEST_F(AccountTest, ending_the_present_session_signs_out) {
  Jar other, now;
  sign_in(other);
  sign_in(now);
  const GateReply done =
      open(now, button(now, kEndSessionPath, "csrf=" + csrf(now) + "&session=" + session_of(now).to_string()));
  EXPECT_EQ(done.status, 303);
  EXPECT_EQ(header(done, "Location"), "/.sallyport/logout");
  EXPECT_EQ(now.get(kGate, "__Host-sallyport"), "");
  EXPECT_TRUE(alive(other, kGate));
}

TEST_F(AccountTest, a_foreign_session_looks_like_a_missing_one) {
  Jar mel, other, now;
  sign_in(mel, "mel");
  sign_in(other);
  sign_in(now);
  follow_callback(mel, code_for(mel, kCrm, "/"));
  const std::string field = csrf(now);
  std::string first;
  for (const std::string& id :
       {session_of(mel).to_string(), RecordId::random().to_string(), std::string("x"), std::string()}) {
    const GateReply reply = open(now, button(now, kEndSessionPath, end_fields(field, id)));
    EXPECT_EQ(reply.status, 404) << id;
    if (first.empty()) first = reply.body;
    EXPECT_EQ(reply.body, first) << id;
  }
  EXPECT_TRUE(alive(mel, kGate) && alive(mel, kCrm));
}

TEST_F(AccountTest, a_button_needs_its_origin_its_field_and_a_session) {
  Jar other, mel, now;
  sign_in(other);
  sign_in(mel, "mel");
  sign_in(now);
  Jar mel_too;
  sign_in(mel_too, "mel");
  const std::string own = csrf(now);
  const std::string sign_out = hidden(open(now, page(kGate, "/")).body, "csrf");
  struct Row {
    const char* what;
    std::string origin;
    std::string site;
    std::string csrf;
    int status;
  };
  const Row table[] = {
      {"another origin", "https://crm.apps.localhost:8443", "", own, 403},
      {"null origin", "null", "", own, 403},
      {"another site", "", "cross-site", own, 403},
      {"the same site only", "", "same-site", own, 403},
      {"neither", "", "", own, 403},
      {"no field", kGateOrigin, "", "", 403},
      {"the sign-out's field", kGateOrigin, "", sign_out, 403},
      {"another session's field", kGateOrigin, "", csrf(mel), 403},
      {"all of it", "", "same-origin", own, 303},
  };
  for (const auto& [what, origin, site, field, status] : table)
    for (const auto path : {kEndSessionPath, kEndOthersPath}) {
      if (status == 303 && path == kEndSessionPath) continue;
      GateRequest press = button(now, path, "csrf=" + field + "&session=" + session_of(other).to_string());
      press.origin = origin;
      press.sec_fetch_site = site;
      EXPECT_EQ(ask(std::move(press)).status, status) << what;
      EXPECT_EQ(alive(other, kGate), status == 403) << what;
    }
  Jar nobody;
  const GateReply reply = ask(button(nobody, kEndOthersPath, "csrf=" + own));
  EXPECT_EQ(reply.status, 303);
  EXPECT_EQ(header(reply, "Location"), "/.sallyport/login");
  GateRequest json = button(now, kEndOthersPath, "{}");
  json.content_type = "application/json";
  EXPECT_EQ(ask(std::move(json)).status, 415);
  EXPECT_EQ(open(now, page(kGate, std::string(kEndOthersPath))).status, 405) << "a link ends nothing";
}

TEST_F(AccountTest, a_token_is_refused) {
  Jar now;
  sign_in(now);
  for (const auto path : {kAccountPath, kEndSessionPath, kEndOthersPath}) {
    GateRequest asked = request(path == kAccountPath ? "GET" : "POST", kGate, std::string(path));
    asked.accept = kPage;
    asked.cookie = now.field(kGate);  // a good cookie beside it changes nothing
    asked.by_token = true;
    EXPECT_EQ(ask(std::move(asked)).status, 403) << path;
  }
}

TEST_F(AccountTest, a_session_without_the_demanded_factor_sees_and_ends_nothing) {
  Jar other, now;
  sign_in_from(other, "198.51.100.4", "curl/8.14.1");
  sign_in(now);
  const std::string field = csrf(now);
  add_platform({{"mfa", "required"}});
  rebuild();
  const GateReply account = open(now, page(kGate, kAccount));
  EXPECT_EQ(account.status, 302);
  EXPECT_EQ(header(account, "Location"), kFactorsPath);
  EXPECT_EQ(open(now, button(now, kEndOthersPath, "csrf=" + field)).status, 401);
  EXPECT_TRUE(alive(other, kGate));
}

TEST_F(AccountTest, shows_tokens_by_name_and_never_by_value) {
  const std::string text = add_token("ann", "ci-pipeline", hours(48));
  add_token("ann", "long-gone", minutes(1));
  add_token("mel", "somebody-elses", hours(48));
  clock_.advance(minutes(2));
  Jar now;
  sign_in(now);
  const std::string html = open(now, page(kGate, kAccount)).body;
  EXPECT_TRUE(html.contains("ci-pipeline"));
  EXPECT_TRUE(html.contains("<dt>Last used</dt><dd>never</dd>"));
  for (const std::string& absent : {text, std::string("long-gone"), std::string("somebody-elses")})
    EXPECT_FALSE(html.contains(absent)) << absent;
}

TEST_F(AccountTest, many_sessions_are_cut_and_counted) {
  Jar now;
  sign_in(now);
  add_sessions("ann", kSessionsShownMax + 4);
  const std::string html = open(now, page(kGate, kAccount)).body;
  EXPECT_TRUE(html.contains("And 5 more, used longer ago."));
  EXPECT_TRUE(html.contains("this session"));
  EXPECT_EQ(open(now, button(now, kEndOthersPath, "csrf=" + csrf(now))).status, 303);
  EXPECT_EQ(sessions_.size(), 1u) << "those that were not shown, too";
}

}  // namespace
}  // namespace sallyport::sso
