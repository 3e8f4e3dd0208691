#include "sso/own_passkeys.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sso/factor_account.h"
#include "sso/second_factor.h"
#include "sso/webauthn_options.h"

namespace sallyport::sso {
namespace {

constexpr Problem kNotTaken{401, "bad_passkey", "Not taken",
                            "What your device answered does not fit, or came too late. Please try again."};
constexpr Problem kRegistered{409, "already_registered", "Registered already",
                              "This passkey is registered here already. Remove it there first, or take another."};
constexpr Problem kPasskeysFull{409, "limit", "No more room", "You have twenty passkeys. Remove one first."};

static_assert(kWebauthnIdBytesMax == kCredentialIdBytesMax);
static_assert(sizeof(PasskeyChallenge::handle) == kUserHandleBytes);

std::unexpected<Error> full() { return fail(Code::kLimit, Side::kClient, "there are twenty passkeys already"); }

std::string free_name(const Factors& factors) {
  for (size_t number = 1;; ++number) {
    std::string name = number == 1 ? "Passkey" : "Passkey " + std::to_string(number);
    if (std::ranges::find(factors.passkeys, name, &Passkey::name) == factors.passkeys.end()) return name;
  }
}

}  // namespace

RecordId passkey_id(ByteView credential_id) {
  const Sha256 hash = sha256({as_bytes("passkey"), credential_id});
  RecordId out;
  std::copy_n(hash.begin(), out.bytes.size(), out.bytes.begin());
  return out;
}

const Problem* passkey_problem_of(const Error& error) {
  if (error.side == Side::kClient && error.code == Code::kUnauthenticated) return &kNotTaken;
  if (error.side == Side::kClient && error.code == Code::kConflict) return &kRegistered;
  if (error.side == Side::kClient && error.code == Code::kLimit) return &kPasskeysFull;
  return problem_of(error);
}

Task<Result<nlohmann::json>> OwnPasskeys::begin(Loop& home, const SignedIn& who) {
  auto reading = parts_.factors.factors_of(home, *who.user);
  CO_TRY(const Factors factors, co_await reading);
  if (factors.passkeys.size() >= kPasskeysMax) co_return full();
  PasskeyChallenge challenge =
      new_challenge(PasskeyPurpose::kRegistration, who.user->id, binding_to_session(who.session.family));
  if (factors.user_handle.size() != challenge.handle.size())
    co_return fail(Code::kInternal, Side::kSelf, "a user handle of another length");
  std::ranges::copy(factors.user_handle, challenge.handle.begin());
  CO_TRY(storage::FlowRecord record, to_record(challenge, parts_.keyring, parts_.clock.wall()));
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::PutFlow{std::move(record)});
  auto committing = parts_.store.commit(home, std::move(changes), {});
  CO_CHECKED(co_await committing);
  co_return creation_options(parts_.party, who.user->name, challenge.handle, challenge.challenge, factors.passkeys);
}

Task<Result<PasskeyChallenge>> OwnPasskeys::take_challenge(Loop& home, const SignedIn& who,
                                                           const RegistrationAnswer& answer) {
  const WallMicros now = parts_.clock.wall();
  auto taking = parts_.store.take_flow(home, key_of(answer.client_data.challenge), now);
  const auto record = co_await taking;
  if (!record && record.error().code != Code::kNotFound) co_return std::unexpected(record.error());
  if (!record) co_return fail(Code::kUnauthenticated, Side::kClient, "no such challenge");
  auto challenge = read_passkey_challenge(*record, parts_.keyring, now);
  if (!challenge || challenge->purpose != PasskeyPurpose::kRegistration || challenge->user != who.user->id ||
      !constant_time_equal(challenge->binding, binding_to_session(who.session.family)))
    co_return fail(Code::kUnauthenticated, Side::kClient, "the challenge of another session or purpose");
  co_return *std::move(challenge);
}

Task<Result<OwnFactors::Added>> OwnPasskeys::add(Loop& home, Asker asker, const SignedIn& who, std::string name,
                                                 RegistrationAnswer answer) {
  auto taking = take_challenge(home, who, answer);
  CO_TRY(const PasskeyChallenge challenge, co_await taking);
  const auto made = verify_registration(answer, parts_.party, challenge.challenge, UserVerification::kPreferred);
  if (!made) co_return fail(Code::kUnauthenticated, Side::kClient, made.error().what);
  const RecordId id = passkey_id(made->id);
  auto looking =
      parts_.store.run<std::vector<UserId>>(home, [id](storage::Store& store) { return store.users_of_factor(id); });
  CO_TRY(const std::vector<UserId> owners, co_await looking);
  if (!owners.empty())
    co_return fail(Code::kConflict, Side::kClient, "a passkey that is registered already");  // s7.1 step 26

  auto reading = parts_.factors.factors_of(home, *who.user);
  CO_TRY(Factors factors, co_await reading);
  if (factors.passkeys.size() >= kPasskeysMax) co_return full();
  // Whoever had none gets the handle that the authenticator has; another one means that factors came meanwhile.
  if (!who.user->has_factors) factors.user_handle.assign(challenge.handle.begin(), challenge.handle.end());
  if (!std::ranges::equal(factors.user_handle, challenge.handle))
    co_return fail(Code::kConflict, Side::kStorage, "the factors are others by now");
  if (name.empty()) name = free_name(factors);
  if (!is_factor_name(name)) co_return malformed(Side::kClient, "not the name of a factor");
  const WallMicros now = parts_.clock.wall();
  factors.passkeys.push_back({.id = id,
                              .name = std::move(name),
                              .credential_id = made->id,
                              .public_key = made->public_key,
                              .resident = answer.resident,
                              .verifies_user = made->verifies_user,
                              .transports = std::move(answer.transports),
                              .counter = made->counter,
                              .created_at = now});
  const Passkey& passkey = factors.passkeys.back();
  const storage::FactorUse use{.factor = id, .user = who.user->id, .counter = passkey.counter, .used_at = now};
  FactorShown added{
      .id = id, .kind = FactorKind::kPasskey, .name = passkey.name, .created_at = now, .used_at = use.used_at};
  std::string words = words_for(passkey);
  auto adding =
      parts_.factors.add(home, std::move(asker), who, std::move(factors), std::move(added), std::move(words), use);
  co_return co_await adding;
}

}  // namespace sallyport::sso
