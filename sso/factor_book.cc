// The one door to the factors of people (sso/factors.h): unsealed by the key holder, written on the store's thread.
#include <algorithm>

#include "sso/factors.h"
#include "storage/user_field.h"

namespace sallyport::sso {
namespace {

const policy::SealedField* field_of(const policy::CompiledUser& user) {
  const auto found = std::ranges::find(user.secrets, policy::kFactorsField, &policy::SealedField::field);
  return found == user.secrets.end() ? nullptr : &*found;
}

std::vector<RecordId> ids_of(const Factors& factors) {
  std::vector<RecordId> out;
  for (const TotpFactor& totp : factors.totp) out.push_back(totp.id);
  for (const Passkey& key : factors.passkeys) out.push_back(key.id);
  for (const RecoveryCode& code : factors.recovery) out.push_back(code.id);
  return out;
}

}  // namespace

Task<Result<Factors>> FactorBook::read(Loop&, const policy::CompiledUser& user) {
  const policy::SealedField* const field = field_of(user);
  if (field == nullptr) co_return fail(Code::kNotFound, Side::kClient, "the user has no second factor");
  auto unsealing = keys_.unseal({storage::secret_context(policy::Kind::kUser, user.id, *field, ""), field->sealed});
  CO_TRY(const SecretBytes json, co_await unsealing);
  co_return read_factors(json);
}

Task<Result<storage::Generation>> FactorBook::write(Loop& home, const policy::CompiledUser& user,
                                                    const Factors& factors, storage::ChangeSet more,
                                                    std::vector<storage::AdminEvent> events) {
  const policy::SealedField* const field = field_of(user);
  storage::UserFieldEdit edit{.user = user.id,
                              .field = std::string(policy::kFactorsField),
                              .was = field == nullptr ? 0 : field->epoch,
                              .value = std::nullopt};
  storage::ForgetFactorUses forget{user.id, {}};
  if (factors.can_sign_in()) {
    CO_TRY(edit.value, to_json(factors));
    forget.but = ids_of(factors);
  }
  more.changes.insert(more.changes.begin(), std::move(forget));
  auto writing = store_.run<storage::Generation>(
      home, [&keyring = keyring_, edit = std::move(edit), more = std::move(more), events = std::move(events)](
                storage::Store& store) { return storage::edit_user_field(store, keyring, edit, more, events); });
  CO_TRY(const storage::Generation generation, co_await writing);
  if (changed_) changed_();
  co_return generation;
}

Task<Result<std::vector<storage::FactorUse>>> FactorBook::uses(Loop& home, const UserId& user) {
  auto reading = store_.run<std::vector<storage::FactorUse>>(
      home, [user](storage::Store& store) { return store.factor_uses(user); });
  co_return co_await reading;
}

}  // namespace sallyport::sso
