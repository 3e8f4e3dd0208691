// BrowserWorld with what the tests of the account and of its API share.
#pragma once

#include "sso/account.h"
#include "sso/me_api.h"
#include "tests/sso/gate_world.h"

namespace sallyport::sso {

class AccountWorld : public BrowserWorld {
 protected:
  static constexpr const char* kAccount = "/.sallyport/account";

  void sign_in_from(Jar& jar, const char* address, const char* program, const std::string& user = "ann") {
    GateRequest login = json_login(user, kPassword);
    login.client.address = *IpAddress::parse(address);
    login.user_agent = program;
    EXPECT_EQ(open(jar, std::move(login)).status, 200);
  }
  RecordId session_of(const Jar& jar) {
    const auto found = sessions_.find(session_id_hash(jar.get(kGate, "__Host-sallyport")), kGate, clock_.wall());
    return found ? found->family : RecordId{};
  }
  // Runs on the store's thread, to its end.
  template <class F>
  void with_store(F job) {
    std::mutex mutex;
    std::condition_variable done;
    bool ready = false;
    store_->submit([&](storage::Store& store) {
      job(store);
      const std::lock_guard lock(mutex);
      ready = true;
      done.notify_one();
    });
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return ready; });
  }
  // Its text.
  std::string add_token(const std::string& user, const std::string& name, std::chrono::seconds life) {
    std::string out;
    with_store([&](storage::Store& store) {
      TokenService tokens(store, clock_);
      NewToken wanted;
      wanted.owner = record(user).id;
      wanted.whose = "user " + user;
      wanted.name = name;
      wanted.life = life;
      const auto issued = tokens.create(wanted, {}, {"cli:0", ""});
      ASSERT_TRUE(issued.has_value());
      out = issued->text.reveal();
    });
    return out;
  }
  void add_sessions(const std::string& user, size_t count) {
    storage::ChangeSet changes;
    for (size_t i = 0; i < count; ++i) {
      storage::SessionRecord session;
      session.id_hash = session_id_hash(random_handle());
      session.id = session.family = RecordId::random();
      session.user = record(user).id;
      session.host = kGate;
      session.created_at = session.last_seen_at = clock_.wall();
      session.absolute_end = clock_.wall() + std::chrono::hours(1);
      session.idle = std::chrono::hours(1);
      session.client = "198.51.100.8";
      EXPECT_TRUE(sessions_.insert(session));
      changes.changes.emplace_back(storage::PutSession{session});
    }
    with_store([&](storage::Store& store) { EXPECT_TRUE(store.commit(changes, {}).has_value()); });
  }
  // The field of the forms, when the page has none of them to read it from.
  std::string csrf_without_others(Jar& jar) {
    return FormGuard(*keyring_->derived("csrf")).field("sessions", jar.get(kGate, "__Host-sallyport"));
  }
};

}  // namespace sallyport::sso
