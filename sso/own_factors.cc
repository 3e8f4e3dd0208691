#include "sso/own_factors.h"

#include <algorithm>

#include "base/random.h"
#include "policy/factor_demand.h"
#include "sso/cookies.h"
#include "sso/provider_arrival.h"
#include "sso/second_factor.h"
#include "sso/totp.h"

namespace sallyport::sso {
namespace {

static_assert(kTotpKeyBytes == kTotpSecretBytes);

using storage::SessionRecord;

storage::AdminEvent event_of(const Asker& asker, const char* action, std::string detail, WallMicros at) {
  storage::AdminEvent out;
  out.at = at;
  out.action = action;
  out.actor = asker.name;
  out.object = "user " + asker.name;
  out.client = asker.client;
  out.detail = std::move(detail);
  return out;
}

storage::AdminEvent end_of(const Asker& asker, const RecordId& session, WallMicros at) {
  storage::AdminEvent out = event_of(asker, "session.end", "second factors were changed in session ", at);
  out.object = "session " + session.to_string();
  out.detail += asker.session.to_string();
  return out;
}

// A name of ours that none of the person's apps has.
std::string free_name(const Factors& factors) {
  for (size_t number = 1;; ++number) {
    std::string name = number == 1 ? "Authenticator app" : "Authenticator app " + std::to_string(number);
    if (std::ranges::find(factors.totp, name, &TotpFactor::name) == factors.totp.end()) return name;
  }
}

std::vector<RecoveryCode> kept(const std::vector<NewRecoveryCode>& codes) {
  std::vector<RecoveryCode> out;
  for (const NewRecoveryCode& code : codes) out.push_back(recovery_code_of(code.hash));
  return out;
}

std::unexpected<Error> no_such_factor() { return fail(Code::kNotFound, Side::kClient, "there is no such factor"); }

const storage::FactorUse* use_of(const std::vector<storage::FactorUse>& uses, const RecordId& factor) {
  const auto found = std::ranges::find(uses, factor, &storage::FactorUse::factor);
  return found == uses.end() ? nullptr : &*found;
}

// What it was, in words; empty: it is not there.
template <class Factor>
std::string erase_from(std::vector<Factor>& factors, const RecordId& id) {
  const auto found = std::ranges::find(factors, id, &Factor::id);
  if (found == factors.end()) return {};
  std::string words = words_for(*found);
  factors.erase(found);
  return words;
}

template <class Factor>
FactorShown shown(const Factor& factor, FactorKind kind, const std::vector<storage::FactorUse>& uses) {
  const storage::FactorUse* const use = use_of(uses, factor.id);
  return {.id = factor.id,
          .kind = kind,
          .name = factor.name,
          .created_at = factor.created_at,
          .used_at = use == nullptr ? std::nullopt : std::optional(use->used_at)};
}

}  // namespace

bool is_demanded(const policy::Snapshot& snapshot, const policy::CompiledUser& user) {
  const auto by_others = [](const policy::FactorDemand& demand) {
    return demand.platform || demand.team || demand.user;
  };
  return by_others(policy::factor_demand(snapshot, user, policy::Role::kNone, nullptr)) ||
         std::ranges::any_of(snapshot.resources_of(user.id), [&](const policy::CompiledResource* resource) {
           return by_others(policy::factor_demand(snapshot, user, policy::role_on(*resource, user.id), resource));
         });
}

Task<Result<Factors>> OwnFactors::factors_of(Loop& home, const policy::CompiledUser& user) {
  if (user.has_factors) {
    auto reading = parts_.book.read(home, user);
    co_return co_await reading;
  }
  Factors none;
  none.user_handle.resize(kUserHandleBytes);
  fill_random(none.user_handle);
  co_return std::move(none);
}

Task<Result<OwnFactorList>> OwnFactors::list(Loop& home, const SignedIn& who) {
  OwnFactorList out;
  if (!who.user->has_factors) co_return std::move(out);
  auto reading = parts_.book.read(home, *who.user);
  CO_TRY(const Factors factors, co_await reading);
  auto looking = parts_.book.uses(home, who.user->id);
  CO_TRY(const std::vector<storage::FactorUse> uses, co_await looking);
  for (const TotpFactor& factor : factors.totp) out.factors.push_back(shown(factor, FactorKind::kTotp, uses));
  for (const Passkey& factor : factors.passkeys) out.factors.push_back(shown(factor, FactorKind::kPasskey, uses));
  for (const RecoveryCode& code : factors.recovery) {
    const storage::FactorUse* const use = use_of(uses, code.id);
    if (use == nullptr)
      ++out.recovery_left;
    else
      out.recovery_used_at = std::max(out.recovery_used_at, std::optional(use->used_at));
  }
  co_return std::move(out);
}

Task<Result<bool>> OwnFactors::may_change(Loop& home, const SignedIn& who) {
  const WallMicros now = parts_.clock.wall();
  if (who.user->has_factors) co_return who.session.factor_at&& now - *who.session.factor_at < kFreshEnough;
  auto reading = parts_.store.run<std::vector<SessionRecord>>(
      home, [user = who.user->id, now](storage::Store& store) { return store.sessions_of(user, now); });
  CO_TRY(const std::vector<SessionRecord> sessions, co_await reading);
  const auto own = std::ranges::find(sessions, who.session.id, &SessionRecord::id);
  if (own == sessions.end() || now - own->created_at >= kFreshEnough) co_return false;
  // A provider that knows the browser vouches without asking anybody: only what it was asked to prove anew counts.
  auto looking = parts_.store.run<std::optional<storage::SessionOrigin>>(
      home, [family = own->family](storage::Store& store) { return store.session_origin(family); });
  CO_TRY(const std::optional<storage::SessionOrigin> origin, co_await looking);
  if (!origin) co_return true;
  CO_TRY(const OriginWords words, ProviderArrivals::open_origin(*origin, parts_.keyring));
  co_return words.fresh;
}

Task<Result<TotpEnrolment>> OwnFactors::begin_totp(Loop& home, const SignedIn& who, std::string name) {
  auto reading = factors_of(home, *who.user);
  CO_TRY(const Factors factors, co_await reading);
  if (factors.totp.size() >= kTotpMax) co_return fail(Code::kLimit, Side::kClient, "there are five apps already");
  if (name.empty()) name = free_name(factors);
  if (!is_factor_name(name)) co_return malformed(Side::kClient, "not the name of a factor");
  TotpEnrolment out{.id = RecordId::random(),
                    .user = who.user->id,
                    .session = who.session.family,
                    .name = std::move(name),
                    .secret = {}};
  CO_TRY(out.secret, new_totp_secret());
  CO_TRY(storage::FlowRecord record, to_record(out, parts_.keyring, parts_.clock.wall()));
  storage::ChangeSet changes;
  changes.changes.emplace_back(storage::PutFlow{std::move(record)});
  auto committing = parts_.store.commit(home, std::move(changes), {});
  CO_CHECKED(co_await committing);
  co_return std::move(out);
}

Task<Result<TotpEnrolment>> OwnFactors::pending_totp(Loop& home, const SignedIn& who, RecordId id) {
  const WallMicros now = parts_.clock.wall();
  auto peeking = parts_.store.peek_flow(home, key_of(id), now);
  CO_TRY(const storage::FlowRecord record, co_await peeking);
  co_return read_totp_enrolment(record, id, who.user->id, who.session.family, parts_.keyring, now);
}

Task<Result<OwnFactors::Added>> OwnFactors::confirm_totp(Loop& home, Asker asker, const SignedIn& who, RecordId id,
                                                         SecretBytes code) {
  const WallMicros now = parts_.clock.wall();
  auto pending = pending_totp(home, who, id);
  CO_TRY(TotpEnrolment enrolment, co_await pending);
  const auto step = matching_totp_step(enrolment.secret, code.reveal(), now);
  if (!step) co_return fail(Code::kUnauthenticated, Side::kClient, "wrong code");
  // Used up from here on: of two confirmations one goes on.
  auto taking = parts_.store.take_flow(home, key_of(id), now);
  CO_CHECKED(co_await taking);
  auto reading = factors_of(home, *who.user);
  CO_TRY(Factors factors, co_await reading);
  if (factors.totp.size() >= kTotpMax) co_return fail(Code::kLimit, Side::kClient, "there are five apps already");
  factors.totp.push_back({.id = id, .name = enrolment.name, .secret = std::move(enrolment.secret), .created_at = now});
  const storage::FactorUse use{.factor = id, .user = who.user->id, .counter = *step, .used_at = now};
  FactorShown added = shown(factors.totp.back(), FactorKind::kTotp, {use});
  std::string words = words_for(factors.totp.back());
  auto adding = add(home, std::move(asker), who, std::move(factors), std::move(added), std::move(words), use);
  co_return co_await adding;
}

Task<Result<OwnFactors::Added>> OwnFactors::add(Loop& home, Asker asker, const SignedIn& who, Factors factors,
                                                FactorShown added, std::string words,
                                                std::optional<storage::FactorUse> use) {
  const WallMicros now = parts_.clock.wall();
  Added out{.factor = std::move(added), .cookie = random_handle(), .recovery_codes = {}};
  if (!who.user->has_factors) {
    CO_TRY(out.recovery_codes, sso::new_recovery_codes(kRecoveryCodes));
    factors.recovery = kept(out.recovery_codes);
  }
  const storage::RaiseSession raise{.id = who.session.id,
                                    .id_hash = session_id_hash(out.cookie),
                                    .strength = policy::Strength::kMfa,
                                    .factor_at = now};
  storage::ChangeSet more;
  if (use) more.changes.emplace_back(storage::UseFactor{*use});
  more.changes.emplace_back(raise);
  storage::AdminEvent event = event_of(asker, "factor.add", std::move(words), now);
  if (!out.recovery_codes.empty()) event.detail += ", and recovery codes";
  auto changing = change(home, std::move(asker), who, factors, std::move(more), std::move(event));
  CO_CHECKED(co_await changing);
  parts_.sessions.raise(who.session.family, raise);
  co_return std::move(out);
}

Task<Result<std::vector<NewRecoveryCode>>> OwnFactors::new_recovery_codes(Loop& home, Asker asker,
                                                                          const SignedIn& who) {
  if (!who.user->has_factors) co_return no_such_factor();
  auto reading = factors_of(home, *who.user);
  CO_TRY(Factors factors, co_await reading);
  CO_TRY(std::vector<NewRecoveryCode> codes, sso::new_recovery_codes(kRecoveryCodes));
  factors.recovery = kept(codes);
  storage::AdminEvent event = event_of(asker, "factor.recovery_codes", "new recovery codes", parts_.clock.wall());
  auto changing = change(home, std::move(asker), who, factors, {}, std::move(event));
  CO_CHECKED(co_await changing);
  co_return std::move(codes);
}

Task<Result<void>> OwnFactors::rename(Loop& home, Asker asker, const SignedIn& who, RecordId id, std::string name) {
  if (!is_factor_name(name)) co_return malformed(Side::kClient, "not the name of a factor");
  auto reading = factors_of(home, *who.user);
  CO_TRY(Factors factors, co_await reading);
  const auto totp = std::ranges::find(factors.totp, id, &TotpFactor::id);
  const auto passkey = std::ranges::find(factors.passkeys, id, &Passkey::id);
  std::string words;
  if (totp != factors.totp.end()) {
    words = words_for(*totp);
    totp->name = name;
  } else if (passkey != factors.passkeys.end()) {
    words = words_for(*passkey);
    passkey->name = name;
  } else {
    co_return no_such_factor();
  }
  std::vector<storage::AdminEvent> events;
  events.push_back(event_of(asker, "factor.rename", words + " to \"" + name + "\"", parts_.clock.wall()));
  auto writing = parts_.book.write(home, *who.user, factors, {}, std::move(events));
  CO_TRY(const storage::Generation generation, co_await writing);
  auto following = wait_until_in_force(parts_.in_force, home, generation);
  co_await following;
  co_return Result<void>{};
}

Task<Result<void>> OwnFactors::remove(Loop& home, Asker asker, const SignedIn& who, const policy::Snapshot& snapshot,
                                      std::optional<FactorKind> kind, RecordId id) {
  auto reading = factors_of(home, *who.user);
  CO_TRY(Factors factors, co_await reading);
  std::string words;
  if (kind != FactorKind::kPasskey) words = erase_from(factors.totp, id);
  if (kind != FactorKind::kTotp && words.empty()) words = erase_from(factors.passkeys, id);
  if (words.empty()) co_return no_such_factor();
  if (!factors.can_sign_in() && is_demanded(snapshot, *who.user))
    co_return fail(Code::kDenied, Side::kClient, "the last factor, and one is demanded");
  if (!factors.can_sign_in()) words += ", the last one";
  storage::AdminEvent event = event_of(asker, "factor.remove", std::move(words), parts_.clock.wall());
  auto changing = change(home, std::move(asker), who, factors, {}, std::move(event));
  co_return co_await changing;
}

Task<Result<void>> OwnFactors::change(Loop& home, Asker asker, const SignedIn& who, const Factors& factors,
                                      storage::ChangeSet more, storage::AdminEvent event) {
  const WallMicros now = parts_.clock.wall();
  std::vector<storage::AdminEvent> events;
  events.push_back(std::move(event));
  auto reading = parts_.store.run<std::vector<SessionRecord>>(
      home, [user = who.user->id, now](storage::Store& store) { return store.sessions_of(user, now); });
  CO_TRY(const std::vector<SessionRecord> sessions, co_await reading);
  std::vector<RecordId> others;
  for (const SessionRecord& session : sessions) {
    if (session.id != session.family || session.id == asker.session) continue;
    others.push_back(session.id);
    more.changes.emplace_back(storage::EndSession{session.id});
    events.push_back(end_of(asker, session.id, now));
  }
  auto writing = parts_.book.write(home, *who.user, factors, std::move(more), std::move(events));
  CO_TRY(const storage::Generation generation, co_await writing);
  for (const RecordId& other : others) {
    parts_.sessions.end(other);
    if (parts_.session_ended) parts_.session_ended(other);
  }
  // Who signed in between the look and the commit. Nothing is left to do where that fails: such a session has shown
  // what was asked for at that moment, and the factors are changed.
  auto sweeping = parts_.own_sessions.end_others(home, std::move(asker));
  const auto swept = co_await sweeping;
  static_cast<void>(swept);
  auto following = wait_until_in_force(parts_.in_force, home, generation);
  co_await following;
  co_return Result<void>{};
}

}  // namespace sallyport::sso
