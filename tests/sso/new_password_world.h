// AccountWorld whose people are in the store, too, so that they can set new passwords; and the ways to do so.
#pragma once

#include "sso/login_flow.h"
#include "tests/sso/account_world.h"

namespace sallyport::sso {

using nlohmann::json;
using std::chrono::hours;

constexpr const char* kNew = "harbor-candle-mosaic-58";
constexpr const char* kNewer = "walnut-gravel-trumpet-41";
constexpr const char* kForm = "application/x-www-form-urlencoded";

inline json body_of(const GateReply& reply) { return json::parse(reply.body, nullptr, false); }

class NewPasswordWorld : public AccountWorld {
 protected:
  NewPasswordWorld() {
    for (const char* name : {"ann", "mel", "sue"}) put_into_store(record(name));
    follow();
  }

  void put_into_store(const policy::ResourceRecord& record) {
    storage::PutResource change{.record = record, .mac = keyring_->row_mac(record, 1), .epochs = {}};
    for (const char* field : {"", "password"})
      change.epochs.push_back({field, 1, keyring_->epoch_mac(record.id, field, 1)});
    storage::ChangeSet changes;
    changes.changes.emplace_back(std::move(change));
    with_store([&](storage::Store& store) { EXPECT_TRUE(store.commit(changes, {}).has_value()); });
  }
  // What is in the store comes into force.
  void follow() {
    with_store([&](storage::Store& store) {
      auto rows = *store.resources_since(storage::Generation{0});
      for (policy::ResourceRecord& newer : storage::judged(std::move(rows.changed), *keyring_))
        record(newer.name) = newer;
      generation_ = storage::count(rows.generation) - 1;
    });
    rebuild();
  }
  // A change of ann's spec by an admin.
  void put_spec(json patch) {
    with_store([&](storage::Store& store) {
      storage::ResourceService service(store, *keyring_, clock_, {});
      json document{{"kind", "user"}, {"name", "ann"}, {"email", "ann@example.test"}};
      document.update(patch);
      std::vector<json> documents{document};
      EXPECT_TRUE(
          service.apply(documents, storage::ApplyMode::kCommit, storage::Prune::kNo, "cli:0", kGate).has_value());
    });
    follow();
  }

  GateRequest api(const Jar& jar, const std::string& current, const std::string& wanted) {
    GateRequest out = request("POST", kGate, "/api/v1/me/password");
    out.content_type = "application/json";
    out.sallyport_request = true;
    out.origin = kGateOrigin;
    out.cookie = jar.field(kGate);
    out.body = secret(json{{"current", current}, {"new", wanted}}.dump());
    return out;
  }
  GateRequest form(const Jar& jar, std::string_view path, const std::string& fields) {
    GateRequest out = request("POST", kGate, std::string(path));
    out.accept = kPage;
    out.content_type = kForm;
    out.origin = kGateOrigin;
    out.cookie = jar.field(kGate);
    out.body = secret(fields);
    return out;
  }
  // The form of the page, filled in.
  GateReply fill_in(Jar& jar, const std::string& target, const std::string& current, const std::string& wanted,
                    const std::string& again) {
    const std::string html = open(jar, page(kGate, target)).body;
    const std::string path = target.substr(0, target.find('?'));
    const std::string own = html.substr(html.find("action=\"" + path));
    return open(jar, form(jar, path,
                          "csrf=" + hidden(own, "csrf") + "&flow=" + hidden(own, "flow") + "&code=" +
                              hidden(own, "code") + "&current=" + current + "&new=" + wanted + "&again=" + again));
  }
  std::string make_link(std::chrono::seconds life = hours(1), const std::string& user = "ann") {
    const std::string code = random_handle();
    with_store([&](storage::Store& store) {
      storage::ResourceService service(store, *keyring_, clock_, {});
      const auto made = service.put_reset_link(
          user,
          [&](const UserId& id, uint64_t epoch) {
            return to_record(ResetLink{id, epoch}, code, *keyring_, clock_.wall() + life);
          },
          "cli:0", "");
      EXPECT_TRUE(made.has_value());
    });
    follow();
    return std::string(kResetPath) + "?code=" + code;
  }
  int login(const std::string& password, const std::string& user = "ann") {
    return ask(json_login(user, password)).status;
  }
};

}  // namespace sallyport::sso
