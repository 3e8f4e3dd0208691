// The pages: what they say, that nothing hostile gets out of its place, and the policy they carry.
#include "sso/pages.h"

#include "sso/account_page.h"
#include "sso/html.h"
#include "tests/sso/gate_world.h"

namespace sallyport::sso {
namespace {

constexpr const char* kHostile = "\"><script>alert('x')</script>&<b a=`c`";

TEST(Html, escapes_text_for_content_and_quoted_attributes) {
  Html html;
  html << "<p title=\"" << text(kHostile) << "\">" << text("a\x01\x7f") << 7 << "</p>";
  EXPECT_EQ(std::move(html).take(),
            "<p title=\"&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&lt;b a=&#96;c&#96;\">a  7</p>");
}

template <class T>
concept Writable = requires(Html html, T value) { html << value; };
static_assert(!Writable<std::string>, "unescaped text does not compile");
static_assert(!Writable<std::string_view>);
static_assert(Writable<Text>);

AccountPage account_of(const char* words) {
  AccountPage out;
  out.sign_out_csrf = out.sessions_csrf = out.user = out.email = words;
  out.note = out.alert = words;
  out.admin = true;
  OwnSession session;
  session.client = session.user_agent = words;
  session.hosts = {words};
  out.sessions = {{session, session}, 5};
  out.sessions.shown[0].current = true;
  storage::TokenRecord token;
  token.name = words;
  out.tokens = {token};
  return out;
}

TEST(Pages, who_has_no_password_is_not_asked_to_change_it) {
  AccountPage page = account_of("ann");
  EXPECT_EQ(account_page(page).find(kPasswordPath), std::string::npos);
  EXPECT_EQ(account_page(page).find("change your password"), std::string::npos);
  page.has_password = true;
  EXPECT_NE(account_page(page).find(kPasswordPath), std::string::npos);
  EXPECT_NE(account_page(page).find("change your password"), std::string::npos);
}

TEST(Pages, hostile_words_stay_words) {
  const std::string pages[] = {
      sign_in_page({kHostile, kHostile, kHostile, kHostile, kHostile, kHostile}),
      home_page({kHostile, kHostile, {{kHostile, PlaceKind::kTool, kHostile, kHostile, kHostile, kHostile}}}),
      account_page(account_of(kHostile)),
      sign_out_page(kHostile, kHostile),
      signed_out_page(kHostile),
      onward_page(kHostile, kHostile),
      error_page({403, kHostile, kHostile, kHostile, {}, kHostile, kHostile}),
  };
  for (const std::string& page : pages) {
    EXPECT_FALSE(page.contains("<script")) << page;
    EXPECT_FALSE(page.contains("<b ")) << page;
  }
}

TEST(Pages, work_without_script_or_inline_style) {
  for (const std::string& page : {sign_in_page({"c", "f", "crm", "ann", "Wrong.", ""}), home_page({"c", "ann", {}}),
                                  account_page(account_of("words"))}) {
    EXPECT_FALSE(page.contains(" style="));
    EXPECT_FALSE(page.contains(" onclick="));
    EXPECT_FALSE(page.contains("http://"));
    EXPECT_TRUE(page.contains("<html lang=\"en\">"));
    EXPECT_TRUE(page.contains("name=\"viewport\""));
    EXPECT_TRUE(page.contains(style_url()));
  }
}

TEST(Pages, the_form_is_labelled_and_completed) {
  const std::string page = sign_in_page({"c", "f", "", "", "Wrong.", ""});
  for (const char* part :
       {"<label for=\"user\">", "<label for=\"password\">", "autocomplete=\"username\"",
        "autocomplete=\"current-password\"", "type=\"password\"", "aria-live=\"assertive\"", "method=\"post\""})
    EXPECT_TRUE(page.contains(part)) << part;
}

TEST(Pages, an_error_page_needs_nothing_from_outside) {
  const std::string page = error_page({502, "Service unreachable", "The service cannot be reached.", "abc"});
  EXPECT_FALSE(page.contains("<link rel=\"stylesheet\""));
  EXPECT_TRUE(page.contains("Error 502, reference abc"));
  // The policy lets exactly this style through.
  const size_t from = page.find("<style>") + 7;
  const std::string style = page.substr(from, page.find("</style>") - from);
  ASSERT_FALSE(style.empty());
  std::string policy;
  for (const auto& [name, value] : page_headers())
    if (name == "Content-Security-Policy") policy = value;
  EXPECT_TRUE(policy.contains("'sha256-" + base64_encode(sha256(as_bytes(style))) + "'")) << policy;
}

TEST(Pages, an_error_page_speaks_in_sentences) {
  EXPECT_TRUE(error_page({403, "Not allowed", "no rule allows this", "r"}).contains("<p>No rule allows this.</p>"));
  EXPECT_TRUE(error_page({403, "Not allowed", "No rule allows this.", "r"}).contains("<p>No rule allows this.</p>"));
  EXPECT_TRUE(error_page({403, "Not allowed", "", ""}).contains("<p></p>"));
}

TEST(Pages, an_error_page_leads_on_who_is_signed_in_and_tells_nobody_else) {
  ErrorPage wanted{403, "Not allowed", "no rule allows this", "r", {}, "ann", "https://gate.example:8443"};
  const std::string page = error_page(wanted);
  EXPECT_TRUE(page.contains("You are signed in as <strong>ann</strong>."));
  for (const char* way : {"/\"", "/.sallyport/account\"", "/.sallyport/logout\""})
    EXPECT_TRUE(page.contains("href=\"https://gate.example:8443" + std::string(way))) << way;
  EXPECT_FALSE(page.contains("<form"));
  wanted.user = {};
  EXPECT_FALSE(error_page(wanted).contains("gate.example"));
}

TEST(Pages, an_error_page_says_how_long_to_wait) {
  ErrorPage wanted{429, "Too many requests", "there were too many requests", "r", std::chrono::seconds(90)};
  EXPECT_TRUE(error_page(wanted).contains("<p>There were too many requests. Try again in 90 seconds.</p>"));
  wanted.wait = {};
  EXPECT_TRUE(error_page(wanted).contains("<p>There were too many requests.</p>"));
}

TEST(Pages, carry_a_strict_policy) {
  std::map<std::string, std::string> headers(page_headers().begin(), page_headers().end());
  for (const char* part : {"default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"})
    EXPECT_TRUE(headers["Content-Security-Policy"].contains(part)) << part;
  EXPECT_FALSE(headers["Content-Security-Policy"].contains("unsafe"));
  EXPECT_EQ(headers["Cache-Control"], "no-store");
  EXPECT_EQ(headers["X-Content-Type-Options"], "nosniff");
  EXPECT_EQ(headers["X-Frame-Options"], "DENY");
  EXPECT_EQ(headers["Referrer-Policy"], "same-origin");
  EXPECT_FALSE(headers.contains("Content-Type"));
}

class GatePagesTest : public BrowserWorld {};

TEST_F(GatePagesTest, the_style_sheet_may_be_kept_for_ever) {
  for (const char* host : {kGate, kCrm}) {
    const GateReply reply = ask(request("GET", host, style_url()));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(header(reply, "Content-Type"), "text/css; charset=utf-8");
    EXPECT_TRUE(header(reply, "Cache-Control").contains("immutable"));
    EXPECT_TRUE(reply.body.contains("prefers-color-scheme: dark"));
  }
}

TEST_F(GatePagesTest, home_shows_what_one_may_open) {
  Jar jar;
  sign_in(jar);
  const GateReply reply = open(jar, page(kGate, "/"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.body.contains("href=\"https://crm.apps.localhost:8443/\""));
  EXPECT_TRUE(reply.body.contains("href=\"https://erp.apps.localhost:8443/\""));
  EXPECT_TRUE(reply.body.contains("you are owner"));
}

TEST_F(GatePagesTest, home_hides_what_one_may_not_open) {
  add_user("out", {{"email", "out@example.test"}});
  rebuild();
  Jar jar;
  sign_in(jar, "out");
  const GateReply reply = open(jar, page(kGate, "/"));
  EXPECT_FALSE(reply.body.contains("crm"));
  EXPECT_TRUE(reply.body.contains("Nothing has been opened to you yet"));
}

TEST_F(GatePagesTest, home_without_a_session_leads_to_the_form_or_says_401) {
  const GateReply html = ask(page(kGate, "/"));
  EXPECT_EQ(html.status, 302);
  EXPECT_EQ(header(html, "Location"), "/.sallyport/login");
  for (const char* path : {"/", "/.sallyport/account"}) EXPECT_EQ(ask(request("GET", kGate, path)).status, 401) << path;
}

TEST_F(GatePagesTest, account_says_who) {
  Jar jar;
  sign_in(jar);
  const GateReply reply = open(jar, page(kGate, "/.sallyport/account"));
  EXPECT_TRUE(reply.body.contains("ann@example.test"));
  EXPECT_FALSE(reply.body.contains(jar.get(kGate, "__Host-sallyport")));
}

}  // namespace
}  // namespace sallyport::sso
