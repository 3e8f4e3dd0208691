// An identity provider and the browsers that come from it, for many sign-ins by SAML in a second.
//   saml_crowd PORT GATE PROVIDER USERS METADATA
// Writes the provider's metadata to the file METADATA: {"ready"}. Its users are crowd-0, crowd-1, ... of corp.test, and
// each sign-in is the next one's, in a browser of its own at an address of its own (X-Forwarded-For), over 16 kept
// connections: begun at the gate, answered by a response whose assertion is signed, and followed to what the session
// may ask. Then for each line:
//   each            every user signs in once, as fast as it goes
//   on PER_SECOND   they come at that pace: {"arriving"} once the first is signed in; until
//   off
// After each and off: {"done", "failed", "why": of the first that failed, "seconds", "took_ms": [median, 99th
// percentile]} Runs when nobody else wants to (SCHED_IDLE): those it stands for have machines of their own.
#include "saml_crowd.h"

#include <sched.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "tls_client.h"

namespace {

constexpr int kConnections = 16;

struct Target {
  std::string host, port, provider;
  std::string authority() const { return host + ":" + port; }
  std::string page(const std::string& what) const { return "/.sallyport/saml/" + provider + "/" + what; }
  std::string url(const std::string& what) const { return "https://" + authority() + page(what); }
};

std::string cookie(const Answer& answer, const std::string& name) {
  const std::string field = answer.field("set-cookie", name + "=");
  return field.substr(0, field.find(';'));
}

// One browser from the gate to its session. What went wrong; "": nothing.
std::string sign_in(TlsClient& gate, const Target& target, const Issuer& issuer, const std::string& user,
                    uint64_t number) {
  const std::string every = " HTTP/1.1\r\nHost: " + target.authority() + "\r\nX-Forwarded-For: 10." +
                            std::to_string(number >> 16 & 255) + "." + std::to_string(number >> 8 & 255) + "." +
                            std::to_string(number & 255) + "\r\n";
  const Answer sent = gate.ask("GET " + target.page("login") + every + "Accept: text/html\r\n\r\n");
  const std::string location = sent.field("location"), flow = cookie(sent, "__Host-sallyport-flow");
  const std::string id = request_id(location), state = parameter(location, "RelayState");
  if (sent.status != 302 || flow.empty() || id.empty() || state.empty())
    return "login answered " + std::to_string(sent.status) + " " + location.substr(0, 80);

  const std::string response =
      issuer.response({user, id, target.url("acs"), target.url("metadata"), std::to_string(number)});
  const std::string form = "SAMLResponse=" + escaped(base64(response)) + "&RelayState=" + escaped(state);
  const Answer taken =
      gate.ask("POST " + target.page("acs") + every + "Accept: text/html\r\nCookie: " + flow +
               "\r\nContent-Type: application/x-www-form-urlencoded\r\nOrigin: https://idp.example.test\r\n"
               "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nContent-Length: " +
               std::to_string(form.size()) + "\r\n\r\n" + form);
  const std::string session = cookie(taken, "__Host-sallyport");
  if (taken.status != 303 || session.empty())
    return "acs answered " + std::to_string(taken.status) + " " + taken.body.substr(0, 2000);

  const Answer me = gate.ask("GET /api/v1/me" + every + "Cookie: " + session + "\r\n\r\n");
  if (me.status != 200 || me.body.find("\"" + user + "\"") == std::string::npos)
    return "me answered " + std::to_string(me.status) + " " + me.body.substr(0, 200);
  return "";
}

class Crowd {
 public:
  Crowd(Target target, uint64_t users) : target_(std::move(target)), users_(users) {
    for (int i = 0; i < kConnections; ++i) threads_.emplace_back([this] { run(); });
  }
  std::string metadata() const { return issuer_.metadata(); }

  // The pace; all: of so many, as fast as it goes.
  void on(int64_t interval, std::optional<uint64_t> all) {
    const std::lock_guard lock(mutex_);
    interval_ = interval;
    left_ = all;
    began_ = now_nanos();
    in_turn_ = failed_ = 0;
    why_.clear();
    took_.clear();
    is_on_ = true;
    changed_.notify_all();
  }
  void wait_for_first() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !took_.empty() || failed_ > 0; });
  }
  // Waits for those on their way; stop: no more come, else until all have come. What came of them, as JSON.
  std::string off(bool stop) {
    std::unique_lock lock(mutex_);
    if (stop) is_on_ = false;
    changed_.wait(lock, [this] { return !is_on_ && on_their_way_ == 0; });
    std::ranges::sort(took_);
    const auto part = [this](double share) {
      return took_.empty() ? 0 : took_[static_cast<size_t>(share * static_cast<double>(took_.size()))];
    };
    for (char& each : why_)
      if (each == '"' || each == '\\' || static_cast<unsigned char>(each) < ' ') each = '\'';
    return "{\"done\": " + std::to_string(took_.size()) + ", \"failed\": " + std::to_string(failed_) + ", \"why\": \"" +
           why_ + "\", \"seconds\": " + std::to_string(static_cast<double>(last_ - began_) / 1e9) + ", \"took_ms\": [" +
           std::to_string(part(0.5)) + ", " + std::to_string(part(0.99)) + "]}";
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void run() {
    const sched_param lowest{};
    sched_setscheduler(0, SCHED_IDLE, &lowest);
    TlsClient gate(context_, static_cast<uint16_t>(std::stoi(target_.port)), target_.host);
    Alarm alarm;
    uint64_t number = 0;
    int64_t due = 0;
    while (take(number, due)) {
      alarm.wait_until(due);
      const int64_t began = now_nanos();
      const std::string user = "crowd-" + std::to_string(number % users_);
      note(sign_in(gate, target_, issuer_, user, number), began);
    }
  }
  bool take(uint64_t& number, int64_t& due) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_on_ || is_over_; });
    if (is_over_) return false;
    number = next_++;
    due = began_ + static_cast<int64_t>(in_turn_++) * interval_;
    ++on_their_way_;
    if (left_ && in_turn_ >= *left_) is_on_ = false;
    return true;
  }
  void note(const std::string& wrong, int64_t began) {
    const std::lock_guard lock(mutex_);
    last_ = now_nanos();
    --on_their_way_;
    if (wrong.empty()) took_.push_back(static_cast<double>(last_ - began) / 1e6);
    if (!wrong.empty() && failed_++ == 0) why_ = wrong;
    changed_.notify_all();
  }

  const Target target_;
  const uint64_t users_;
  const Issuer issuer_;
  SSL_CTX* const context_ = SSL_CTX_new(TLS_client_method());
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_on_ = false, is_over_ = false;
  std::optional<uint64_t> left_;
  int64_t interval_ = 0, began_ = 0, last_ = 0;
  uint64_t next_ = 0, in_turn_ = 0, on_their_way_ = 0, failed_ = 0;
  std::string why_;
  std::vector<double> took_;
  std::vector<std::thread> threads_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  signal(SIGPIPE, SIG_IGN);
  const uint64_t users = strtoull(argv[4], nullptr, 10);
  Crowd crowd({argv[2], argv[1], argv[3]}, users);
  FILE* const file = fopen(argv[5], "w");
  if (file == nullptr || fputs(crowd.metadata().c_str(), file) < 0 || fclose(file) != 0) return 1;
  printf("{\"ready\": true}\n");
  fflush(stdout);
  char word[8];
  while (scanf("%7s", word) == 1) {
    std::string said = "{\"arriving\": true}";
    unsigned per_second = 0;
    if (strcmp(word, "on") == 0 && scanf("%u", &per_second) == 1 && per_second > 0) {
      crowd.on(1'000'000'000 / per_second, std::nullopt);
      crowd.wait_for_first();
    } else {
      const bool each = strcmp(word, "each") == 0;
      if (each) crowd.on(0, users);
      said = crowd.off(!each);
    }
    puts(said.c_str());
    fflush(stdout);
  }
  crowd.end();
}
