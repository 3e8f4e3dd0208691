// What the tests of the sign-in share: a whole SignIn over a SQLite store in a folder that goes away, people and places
// to sign in to, a clock set by hand, a counted and cheap password check, and a browser with one cookie jar.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "base/http/cookie.h"
#include "base/http/field.h"
#include "sso/cookies.h"
#include "sso/sign_in.h"
#include "sso/token_service.h"
#include "storage/sqlite/sqlite_store.h"

namespace sallyport::sso {

class ManualClock final : public Clock {
 public:
  WallMicros wall() const override { return WallMicros{micros.load()}; }
  Monotonic monotonic() const override { return Monotonic{} + std::chrono::microseconds(micros.load()); }
  void advance(std::chrono::microseconds by) { micros += by.count(); }
  std::atomic<int64_t> micros = 1'700'000'000'000'000;
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sallyport-sso-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline SecretBytes secret(std::string_view text) { return *SecretBytes::copy_of(text); }

constexpr const char* kGate = "gate.localhost";
constexpr const char* kCrm = "crm.apps.localhost";
constexpr const char* kErp = "erp.apps.localhost";
constexpr const char* kGateOrigin = "https://gate.localhost:8443";
constexpr const char* kPassword = "lantern-orbit-velvet-73";
constexpr const char* kPage = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
constexpr Argon2Cost kCheap{64, 1, 1};

inline std::atomic<int> hashes = 0;  // password checks since the world was made
inline Result<bool> counted_verify(const SecretBytes& phc, const SecretBytes& password) {
  ++hashes;
  if (phc.reveal() == nobody_phc()) return false;  // the real thing takes 240 ms; that it was asked is what counts
  return verify_password(phc, password);
}

class GateWorld : public testing::Test {
 protected:
  GateWorld() {
    hashes = 0;
    auto opened = storage::open_sqlite(folder_.path() + "/sallyport.db", storage::SqliteOpen::kCreate);
    EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().what);
    std::vector<SecretBytes> masters;
    masters.push_back(secret(std::string(32, 'm')));
    auto keyring =
        storage::Keyring::open(**opened, std::move(masters), as_bytes("sixteen bytes or more"), clock_.wall());
    EXPECT_TRUE(keyring.has_value()) << (keyring ? "" : keyring.error().what);
    keyring_ = *std::move(keyring);
    keys_ = std::make_unique<storage::LocalKeyHolder>(*keyring_);
    store_ = std::make_unique<storage::StoreThread>(*std::move(opened));
    add_platform();
    add_user("ann", {{"email", "ann@example.test"}});
    add_user("mel", {{"email", "mel@example.test"}});
    add_user("sue", {{"email", "sue@example.test"}, {"suspended", true}});
    add_user("dan", {{"email", "dan@example.test"}});
    records_.back().damaged = true;
    add_record(policy::Kind::kTeam, "plant", {{"members", {{"ann", "owner"}, {"mel", "viewer"}}}});
    for (const char* name : {"crm", "erp"})
      add_record(policy::Kind::kDatasource, name,
                 {{"team", "plant"},
                  {"type", "http"},
                  {"at", std::string(name) + ".apps.localhost"},
                  {"upstream", {{"url", "https://127.0.0.1:9444/"}, {"networks", {"127.0.0.0/8"}}}}});
    rebuild();
    make_gate();
  }

  void make_gate(size_t queue_max = 16) {
    hashing_ = std::make_unique<BlockingPool>("hash", 1, queue_max);
    auto made = SignIn::make(
        {.store = *store_,
         .sessions = sessions_,
         .tokens = tokens_,
         .keyring = *keyring_,
         .keys = *keys_,
         .hashing = *hashing_,
         .clock = clock_,
         .log = log_,
         .gate = *http::parse_url("https://gate.localhost:8443"),
         .session_ended = [this](const RecordId& family) { ended_.push_back(family); },
         .in_force = [this](Loop&, storage::Generation generation) { return note_awaited(generation); },
         .verify = counted_verify,
         .hash = [](const SecretBytes& password, const Argon2Cost&) { return hash_password(password, kCheap); }});
    EXPECT_TRUE(made.has_value());
    gate_ = *std::move(made);
  }

  void add_platform(nlohmann::json spec = nlohmann::json::object()) {
    std::erase_if(records_, [](const auto& record) { return record.kind == policy::Kind::kPlatform; });
    add_record(policy::Kind::kPlatform, "platform", std::move(spec));
  }
  void add_record(policy::Kind kind, const std::string& name, nlohmann::json spec) {
    policy::ResourceRecord record;
    record.id = RecordId::random();
    record.kind = kind;
    record.name = name;
    record.spec = spec.dump();
    record.version = 1;
    records_.push_back(std::move(record));
  }
  void add_user(const std::string& name, nlohmann::json spec, const char* password = kPassword) {
    add_record(policy::Kind::kUser, name, std::move(spec));
    policy::ResourceRecord& record = records_.back();
    policy::SealedField field{"password", {}, 1};
    const auto phc = hash_password(secret(password), kCheap);
    field.sealed = *keyring_->seal(storage::secret_context(record, field, ""), phc->view());
    record.secrets.push_back(std::move(field));
  }
  policy::ResourceRecord& record(std::string_view name) {
    return *std::ranges::find(records_, name, &policy::ResourceRecord::name);
  }
  void rebuild() { snapshot_ = policy::Snapshot::build(++generation_, records_); }

  template <class T>
  T run(Task<T>& task) {
    struct Stop final : TaskOwner {
      explicit Stop(Loop& in) : loop(in) {}
      void task_done() noexcept override { loop.stop(); }
      Loop& loop;
    } stop(loop_of_run());
    task.start(&stop);
    if (!task.done()) loop_of_run().run();
    return task.take();
  }
  Loop& loop_of_run() { return *loop_; }

  GateReply ask(GateRequest request) {
    loop_ = std::make_unique<Loop>(clock_);
    auto task = gate_->handle(*loop_, std::move(request));
    GateReply reply = run(task);
    task.cancel();
    return reply;
  }
  GateReply begin(GateRequest request) {
    loop_ = std::make_unique<Loop>(clock_);
    auto task = gate_->begin_sign_in(*loop_, std::move(request));
    GateReply reply = run(task);
    task.cancel();
    return reply;
  }

  GateRequest request(std::string method, std::string host, std::string target) {
    GateRequest out;
    out.method = std::move(method);
    out.host = std::move(host);
    const size_t mark = target.find('?');
    out.path = target.substr(0, mark);
    if (mark != target.npos) out.query = target.substr(mark + 1);
    out.client.address = *IpAddress::parse("192.0.2.7");
    out.request_id = "ref-1";
    out.snapshot = snapshot_;
    return out;
  }
  GateRequest page(std::string host, std::string target) {
    GateRequest out = request("GET", std::move(host), std::move(target));
    out.accept = kPage;
    return out;
  }
  GateRequest json_login(const nlohmann::json& body) {
    GateRequest out = request("POST", kGate, "/.sallyport/login");
    out.content_type = "application/json";
    out.sallyport_request = true;
    out.body = secret(body.dump());
    return out;
  }
  GateRequest json_login(const std::string& user, const std::string& password) {
    return json_login(nlohmann::json{{"user", user}, {"password", password}});
  }

  Task<void> note_awaited(storage::Generation generation) {
    awaited_.push_back(generation);
    co_return;
  }
  storage::Generation committed() {
    std::promise<storage::Generation> read;
    store_->submit([&](storage::Store& store) { read.set_value(*store.generation()); });
    return read.get_future().get();
  }

  // The administrative events so far, oldest first.
  std::vector<storage::AdminEvent> events() {
    std::vector<storage::AdminEvent> out;
    std::mutex mutex;
    std::condition_variable done;
    bool ready = false;
    store_->submit([&](storage::Store& store) {
      if (const auto chained = store.admin_events(0, 1000))
        for (const auto& entry : *chained) out.push_back(entry.event);
      const std::lock_guard lock(mutex);
      ready = true;
      done.notify_one();
    });
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return ready; });
    return out;
  }
  size_t events_of(std::string_view action) {
    const auto all = events();
    return static_cast<size_t>(std::ranges::count(all, action, &storage::AdminEvent::action));
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  Log log_{LogLevel::kError};
  std::unique_ptr<storage::Keyring> keyring_;
  std::unique_ptr<storage::LocalKeyHolder> keys_;
  storage::SessionTable sessions_;
  storage::TokenTable tokens_;
  std::unique_ptr<storage::StoreThread> store_;
  std::unique_ptr<BlockingPool> hashing_;
  std::vector<policy::ResourceRecord> records_;
  std::shared_ptr<const policy::Snapshot> snapshot_;
  uint64_t generation_ = 0;
  std::unique_ptr<SignIn> gate_;
  std::vector<RecordId> ended_;
  std::vector<storage::Generation> awaited_;  // what an answer waited for
  std::unique_ptr<Loop> loop_;
};

inline std::string header(const GateReply& reply, std::string_view name) {
  std::string out;
  for (const auto& [key, value] : reply.headers)
    if (http::iequals(key, name)) out = value;
  return out;
}
inline std::vector<std::string> cookies_set(const GateReply& reply) {
  std::vector<std::string> out;
  for (const auto& [key, value] : reply.headers)
    if (http::iequals(key, "Set-Cookie")) out.push_back(value);
  return out;
}
inline bool gives_session(const GateReply& reply) {
  return std::ranges::any_of(cookies_set(reply), [](const std::string& line) {
    return line.starts_with("__Host-sallyport=") && !line.starts_with("__Host-sallyport=;");
  });
}
// The value of a hidden field of a page.
inline std::string hidden(const std::string& html, const std::string& name) {
  const std::string before = "name=\"" + name + "\" value=\"";
  const size_t at = html.find(before);
  if (at == html.npos) return {};
  return html.substr(at + before.size(), html.find('"', at + before.size()) - at - before.size());
}
inline std::string query_of(const std::string& url, const std::string& name) {
  const size_t at = url.find(name + "=");
  return at == url.npos ? "" : url.substr(at + name.size() + 1);
}
inline std::string path_of(const std::string& url) { return url.substr(url.find('/', url.find("//") + 2)); }
inline std::string host_of(const std::string& url) {
  const size_t from = url.find("//") + 2;
  return url.substr(from, url.find_first_of(":/", from) - from);
}

// One cookie jar, as a person's browser keeps it.
class Jar {
 public:
  void keep(const std::string& host, const GateReply& reply) {
    for (const std::string& line : cookies_set(reply)) {
      const size_t equals = line.find('=');
      const size_t end = line.find(';');
      const std::string name = line.substr(0, equals);
      const std::string value = line.substr(equals + 1, end - equals - 1);
      if (line.contains("Max-Age=0"))
        jar_[host].erase(name);
      else
        jar_[host][name] = value;
    }
  }
  std::string field(const std::string& host) const {
    std::string out;
    const auto found = jar_.find(host);
    if (found == jar_.end()) return out;
    for (const auto& [name, value] : found->second)
      out.append(out.empty() ? "" : "; ").append(name).append("=").append(value);
    return out;
  }
  std::string get(const std::string& host, const std::string& name) const {
    const auto found = jar_.find(host);
    if (found == jar_.end()) return {};
    const auto cookie = found->second.find(name);
    return cookie == found->second.end() ? "" : cookie->second;
  }
  void set(const std::string& host, const std::string& name, const std::string& value) { jar_[host][name] = value; }
  void drop(const std::string& host, const std::string& name) { jar_[host].erase(name); }

 private:
  std::map<std::string, std::map<std::string, std::string>> jar_;
};

// GateWorld with steps a person takes.
class BrowserWorld : public GateWorld {
 protected:
  GateReply open(Jar& jar, GateRequest request) {
    request.cookie = jar.field(request.host);
    const std::string host = request.host;
    GateReply reply = ask(std::move(request));
    jar.keep(host, reply);
    return reply;
  }
  // A page load of a protected host without a session: the redirect to the gate.
  GateReply want(Jar& jar, const std::string& host, const std::string& target) {
    GateRequest wanted = page(host, target);
    wanted.cookie = jar.field(host);
    GateReply reply = begin(std::move(wanted));
    jar.keep(host, reply);
    return reply;
  }
  GateRequest form_post(const Jar& jar, const std::string& html, const std::string& user, const std::string& password) {
    GateRequest out = request("POST", kGate, "/.sallyport/login");
    out.accept = kPage;
    out.content_type = "application/x-www-form-urlencoded";
    out.origin = kGateOrigin;
    out.sec_fetch_site = "same-origin";
    out.cookie = jar.field(kGate);
    out.body = secret("csrf=" + hidden(html, "csrf") + "&flow=" + hidden(html, "flow") +
                      "&user=" + http::percent_encode(user) + "&password=" + http::percent_encode(password));
    return out;
  }
  void sign_in(Jar& jar, const std::string& user = "ann", const std::string& password = kPassword) {
    GateRequest login = json_login(user, password);
    const GateReply reply = open(jar, std::move(login));
    EXPECT_EQ(reply.status, 200) << reply.body;
  }
  // Signed in at the gate: the callback's URL for a page of `host`.
  std::string code_for(Jar& jar, const std::string& host, const std::string& target) {
    const GateReply away = want(jar, host, target);
    const GateReply handed = open(jar, page(kGate, path_of(header(away, "Location"))));
    EXPECT_EQ(handed.status, 302);
    return header(handed, "Location");
  }
  GateReply follow_callback(Jar& jar, const std::string& url) { return open(jar, page(host_of(url), path_of(url))); }
  bool alive(const Jar& jar, const std::string& host) {
    return sessions_.find(session_id_hash(jar.get(host, "__Host-sallyport")), host, clock_.wall()).has_value();
  }
};

}  // namespace sallyport::sso
