// GateWorld whose people are in the store as well, so that their second factors can be written through the FactorBook;
// and factors to give them.
#pragma once

#include <set>

#include "sso/factors.h"
#include "storage/resource_service.h"
#include "tests/sso/gate_world.h"

namespace sallyport::sso {

inline Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return Bytes(view.begin(), view.end());
}
inline TotpFactor some_totp(const std::string& name = "phone") {
  return {RecordId::random(), name, secret(std::string(kTotpSecretBytes, 't')), WallMicros{1'700'000'000'000'000}};
}
inline Passkey some_passkey(const std::string& name = "key", const std::string& credential = "credential") {
  return {.id = RecordId::random(),
          .name = name,
          .credential_id = bytes_of(credential),
          .public_key = bytes_of("cose key"),
          .resident = true,
          .verifies_user = false,
          .transports = {"usb", "hybrid"},
          .counter = 7,
          .created_at = WallMicros{1'700'000'000'000'000}};
}
inline RecoveryCode some_recovery_code(std::string_view text) { return recovery_code_of(sha256(as_bytes(text))); }
inline Factors no_factors() {
  Factors out;
  out.user_handle = Bytes(kUserHandleBytes, std::byte{'h'});
  return out;
}
inline Factors one_totp() {
  Factors out = no_factors();
  out.totp.push_back(some_totp());
  return out;
}

class FactorWorld : public BrowserWorld {
 protected:
  FactorWorld() : book_(*store_, *keyring_, *keys_) { keep_in_store(); }

  template <class T>
  static Task<Result<T>> run_in_store(storage::StoreThread& store, Loop& home,
                                      std::move_only_function<Result<T>(storage::Store&)> job) {
    auto running = store.run<T>(home, std::move(job));
    co_return co_await running;
  }
  template <class T>
  T in_store(std::move_only_function<Result<T>(storage::Store&)> job) {
    loop_ = std::make_unique<Loop>(clock_);
    auto task = run_in_store<T>(*store_, *loop_, std::move(job));
    Result<T> out = run(task);
    task.cancel();
    EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().what);
    return *std::move(out);
  }

  // What is new in records_ as rows of the store, under the ids they have; then follow().
  void keep_in_store() {
    in_store<storage::Generation>([&](storage::Store& store) {
      storage::ChangeSet changes;
      for (const policy::ResourceRecord& record : records_) {
        if (!kept_.insert(record.id).second) continue;
        storage::PutResource put{.record = record, .mac = keyring_->row_mac(record, 1), .epochs = {}};
        put.epochs.push_back({"", 1, keyring_->epoch_mac(record.id, "", 1)});
        for (const policy::SealedField& field : record.secrets)
          put.epochs.push_back({field.field, field.epoch, keyring_->epoch_mac(record.id, field.field, field.epoch)});
        if (record.damaged) put.mac = Bytes(32);
        changes.changes.emplace_back(std::move(put));
      }
      return store.commit(changes, {});
    });
    follow();
  }
  // The snapshot as the store says.
  void follow() {
    auto changes = in_store<storage::ResourceChanges>([](storage::Store& store) { return store.resources_since({}); });
    generation_ = count(changes.generation);
    records_ = storage::judged(std::move(changes.changed), *keyring_);
    snapshot_ = policy::Snapshot::build(generation_, records_);
  }
  const policy::CompiledUser& user(std::string_view name) { return *snapshot_->user_by_name_or_email(name); }

  Result<storage::Generation> write(std::string_view name, const Factors& factors, storage::ChangeSet more = {},
                                    std::vector<storage::AdminEvent> events = {}) {
    loop_ = std::make_unique<Loop>(clock_);
    auto task = book_.write(*loop_, user(name), factors, std::move(more), std::move(events));
    auto out = run(task);
    task.cancel();
    return out;
  }
  Result<Factors> read(std::string_view name) {
    loop_ = std::make_unique<Loop>(clock_);
    auto task = book_.read(*loop_, user(name));
    auto out = run(task);
    task.cancel();
    return out;
  }
  void enrol(std::string_view name) {
    const auto written = write(name, one_totp());
    EXPECT_TRUE(written.has_value()) << (written ? "" : written.error().what);
    follow();
  }

  FactorBook book_;
  std::set<RecordId> kept_;
};

}  // namespace sallyport::sso
