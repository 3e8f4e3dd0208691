#include "storage/resource_changes.h"

#include <algorithm>

#include "policy/snapshot.h"

namespace sallyport::storage {
namespace {

class Preparer {
 public:
  Preparer(const std::vector<TokenRecord>& tokens, const Keyring& keyring, const std::string& actor, WallMicros now)
      : tokens_(tokens), keyring_(keyring), actor_(actor), now_(now) {}

  Result<void> put(const PlannedPut& put) {
    const bool repaired = put.anew && put.before != nullptr;
    if (repaired) bury(put.before->row);  // the name is free again before the new record takes it
    PutResource change;
    change.record = {.id = put.anew ? put.id.value_or(RecordId::random()) : put.before->row.record.id,
                     .kind = put.resource.kind,
                     .name = put.resource.name,
                     .spec = put.spec,
                     .version = 0,
                     .applied = put.anew || put.before->row.record.applied,
                     .secrets = {},
                     .damaged = false};
    const StoredResource* const known = put.anew ? nullptr : put.before;
    const std::string destination = policy::destination_of(put.resource);
    for (const PlannedSecret& secret : put.secrets) {
      if (secret.value == nullptr) {
        change.record.secrets.push_back(*secret.kept);
        continue;
      }
      policy::SealedField field{.field = secret.field, .sealed = {}, .epoch = next_epoch(known, secret.field)};
      TRY(field.sealed, keyring_.seal(secret_context(change.record, field, destination), secret.value->view()));
      change.epochs.push_back(epoch_row(change.record.id, secret.field, field.epoch));
      change.record.secrets.push_back(std::move(field));
    }
    // A value that is gone must not fit again either.
    for (const std::string& field : put.gone)
      change.epochs.push_back(epoch_row(change.record.id, field, next_epoch(known, field)));
    const uint64_t row_epoch = next_epoch(known, "");
    change.epochs.push_back(epoch_row(change.record.id, "", row_epoch));
    change.mac = keyring_.row_mac(change.record, row_epoch);
    if (put.end_sessions && known != nullptr) out_.changes.changes.push_back(EndSessionsOfUser{change.record.id});
    if (put.forget_factor_uses) out_.changes.changes.push_back(ForgetFactorUses{change.record.id, {}});
    out_.changes.changes.push_back(std::move(change));
    add_event(put.action, put.resource.kind, put.resource.name, words_for(put, repaired));
    return {};
  }

  void remove(const StoredResource& gone) {
    bury(gone.row);
    add_event("resource.delete", gone.row.record.kind, gone.row.record.name, "");
  }

  PreparedChanges take() { return std::move(out_); }

 private:
  static uint64_t next_epoch(const StoredResource* known, std::string_view field) {
    const FieldEpoch* const epoch = known == nullptr ? nullptr : epoch_of(known->row, field);
    return epoch == nullptr ? 1 : epoch->epoch + 1;
  }

  FieldEpoch epoch_row(const RecordId& record, const std::string& field, uint64_t epoch) const {
    return {field, epoch, keyring_.epoch_mac(record, field, epoch)};
  }

  // Deletes a row so that no copy of it fits again: all epochs that are ours rise once more.
  void bury(const ResourceRow& row) {
    const RecordId& id = row.record.id;
    DeleteResource change{id};
    for (const FieldEpoch& epoch : row.epochs)
      if (constant_time_equal(epoch.mac, keyring_.epoch_mac(id, epoch.field, epoch.epoch)))
        change.epochs.push_back(epoch_row(id, epoch.field, epoch.epoch + 1));
    out_.changes.changes.push_back(std::move(change));
    if (row.record.kind != policy::Kind::kUser && row.record.kind != policy::Kind::kServiceAccount) return;
    out_.changes.changes.push_back(EndSessionsOfUser{id});
    out_.changes.changes.push_back(ForgetFactorUses{id, {}});
    for (const TokenRecord& token : tokens_)
      if (token.user == id) out_.changes.changes.push_back(RevokeToken{token.id});
  }

  static std::string words_for(const PlannedPut& put, bool repaired) {
    std::string out = put.before == nullptr ? "made" : "changed";
    if (repaired) out = "made anew in place of a damaged record";
    if (put.before != nullptr && put.spec != put.before->row.record.spec) out += ", spec";
    for (const PlannedSecret& secret : put.secrets)
      if (secret.value != nullptr) out += ", " + secret.field + " set";
    for (const std::string& field : put.gone) out += ", " + field + " gone";
    return out;
  }

  void add_event(const char* action, policy::Kind kind, const std::string& name, std::string detail) {
    out_.events.push_back({.at = now_,
                           .action = action,
                           .actor = actor_,
                           .object = std::string(policy::to_string(kind)) + " " + name,
                           .client = "",
                           .detail = std::move(detail)});
  }

  const std::vector<TokenRecord>& tokens_;
  const Keyring& keyring_;
  const std::string& actor_;
  const WallMicros now_;
  PreparedChanges out_;
};

}  // namespace

Result<PreparedChanges> prepare_changes(const ResourcePlan& plan, Generation expected,
                                        const std::vector<TokenRecord>& tokens, const Keyring& keyring,
                                        const std::string& actor, WallMicros now) {
  Preparer preparer(tokens, keyring, actor, now);
  // Deletions first: a host or path that one resource gives up may be another's in the same change.
  for (const StoredResource* gone : plan.deletes) preparer.remove(*gone);
  for (const PlannedPut& put : plan.puts) CHECKED(preparer.put(put));
  PreparedChanges out = preparer.take();
  out.changes.expected = expected;
  return out;
}

}  // namespace sallyport::storage
