// What storage tests share: a folder that goes away, a store with its keyring, a service whose "hash" is plain to see,
// and a way to edit the file behind the store's back as somebody with write access would.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "storage/admin_chain.h"
#include "storage/resource_service.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/sqlite_store.h"

namespace sallyport::storage {

class TestFolder {
 public:
  TestFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "sallyport-test-XXXXXX").string();
    path_ = ::mkdtemp(path.data());
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class TestClock final : public Clock {
 public:
  WallMicros wall() const override { return now; }
  Monotonic monotonic() const override { return Monotonic{}; }
  WallMicros now{1'700'000'000'000'000};
};

inline SecretBytes secret(std::string_view text) { return SecretBytes::copy_of(text).value(); }
inline std::vector<SecretBytes> masters(char fill = 'm') {
  std::vector<SecretBytes> out;
  out.push_back(secret(std::string(32, fill)));
  return out;
}
constexpr std::string_view kSalt = "0123456789abcdef";

// Edits the file directly, past every check of the program (triggers and constraints off).
inline void tamper(const std::string& path, const std::string& sql) {
  Connection connection = Connection::open(path, OpenFile::kExisting).value();
  const std::string script =
      "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF;"
      "DROP TRIGGER IF EXISTS epochs_rise; DROP TRIGGER IF EXISTS epochs_stay;" +
      sql;
  const auto done = connection.execute(script.c_str());
  ASSERT_TRUE(done.has_value()) << done.error().what << ": " << sql;
}

class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = open_sqlite(path_, SqliteOpen::kCreate).value();
    open_keyring();
  }

  void open_keyring() {
    keyring_ = Keyring::open(*store_, masters(), as_bytes(kSalt), clock_.wall()).value();
    service_ =
        std::make_unique<ResourceService>(*store_, *keyring_, clock_,
                                          [](const SecretBytes& password, const std::string&, const std::string&,
                                             const SecretBytes* last) -> std::expected<SecretBytes, std::string> {
                                            if (last && last->reveal() == "hash of " + std::string(password.reveal()))
                                              return std::unexpected("is in force");
                                            if (password.size() < 8) return std::unexpected("is too short");
                                            return secret("hash of " + std::string(password.reveal()));
                                          });
  }

  void reopen() {
    service_.reset();
    keyring_.reset();
    store_.reset();
    store_ = open_sqlite(path_, SqliteOpen::kCommand).value();
    open_keyring();
  }

  std::expected<ApplyOutcome, ApplyFailure> try_apply(std::vector<nlohmann::json> documents,
                                                      ApplyMode mode = ApplyMode::kCommit, Prune prune = Prune::kNo) {
    return service_->apply(documents, mode, prune, "cli:0", "gate.localhost");
  }

  // "+user alice, ~team plant", or the mistakes, one per line.
  std::string apply(std::vector<nlohmann::json> documents, ApplyMode mode = ApplyMode::kCommit,
                    Prune prune = Prune::kNo) {
    return words(try_apply(std::move(documents), mode, prune));
  }

  static std::string words(const std::expected<ApplyOutcome, ApplyFailure>& outcome) {
    std::string out;
    if (!outcome) {
      if (outcome.error().error) return std::string("error: ") + outcome.error().error->what;
      for (const Mistake& mistake : outcome.error().mistakes) out += mistake.path + ": " + mistake.message + "\n";
      return out;
    }
    for (const PlannedChange& change : outcome->changes) {
      if (!out.empty()) out += ", ";
      out += change.sign + std::string(policy::to_string(change.kind)) + " " + change.name;
    }
    return out;
  }

  std::map<std::string, policy::ResourceRecord> records() {
    std::map<std::string, policy::ResourceRecord> out;
    for (auto& record : judged(store_->resources_since(Generation{0}).value().changed, *keyring_))
      out.emplace(record.name, record);
    return out;
  }

  std::string secret_of(const std::string& name, const std::string& field, const std::string& destination) {
    const policy::ResourceRecord record = records().at(name);
    for (const policy::SealedField& sealed : record.secrets) {
      if (sealed.field != field) continue;
      const auto opened = keyring_->unseal(secret_context(record, sealed, destination), sealed.sealed);
      return opened ? std::string(opened->reveal()) : std::string("error: ") + opened.error().what;
    }
    return "(none)";
  }

  TestFolder folder_;
  const std::string path_ = folder_ / "sallyport.db";
  TestClock clock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Keyring> keyring_;
  std::unique_ptr<ResourceService> service_;
};

inline nlohmann::json user(const std::string& name, bool admin = false) {
  return {{"kind", "user"},
          {"name", name},
          {"email", name + "@example.test"},
          {"admin", admin},
          {"password", "correct horse"}};
}
inline nlohmann::json team(const std::string& name, const nlohmann::json& members = nlohmann::json::object()) {
  return {{"kind", "team"}, {"name", name}, {"members", members}};
}
inline nlohmann::json datasource(const std::string& name, const std::string& team,
                                 const std::string& secret_value = "s3cret") {
  nlohmann::json out{
      {"kind", "datasource"},
      {"name", name},
      {"team", team},
      {"type", "http"},
      {"at", name + ".apps.localhost"},
      {"upstream", {{"url", "https://127.0.0.1:9444/v1"}, {"networks", {"127.0.0.0/8"}}}},
      {"inject", {{"headers", {{"Authorization", "Bearer {{ secrets.token }}"}}}}},
  };
  if (!secret_value.empty()) out["secrets"] = {{"token", secret_value}};
  return out;
}
constexpr const char* kDestination = "https://127.0.0.1:9444";

}  // namespace sallyport::storage
