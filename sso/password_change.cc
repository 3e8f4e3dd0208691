#include "sso/password_change.h"

#include <algorithm>

#include "sso/cookies.h"
#include "sso/login_flow.h"

namespace sallyport::sso {
namespace {

using What = PasswordOutcome::What;

// What comes out of the lane.
struct Hashed {
  bool current_fits = true;
  MadePassword made;
};

PasswordRules rules_of(const GateRequest& request) {
  const policy::Platform& platform = request.snapshot->platform();
  return {platform.password_min_length, platform.password_min_score};
}

std::string email_of(const policy::ResourceRecord& user, const policy::Snapshot& snapshot) {
  const policy::CompiledUser* const compiled = snapshot.user(user.id);
  return compiled == nullptr ? std::string() : compiled->email;
}

// The attempts of a session at the password of its person: who has stolen it guesses no faster than a stranger, and
// neither is held up by the other.
Sha256 bucket_of(const SignedIn& who) { return sha256({as_bytes("session"), who.session.family.view()}); }

}  // namespace

// Nothing: there is none, or it does not open; then there is nothing to compare with.
Task<std::optional<SecretBytes>> PasswordChange::last_phc(RecordId user,
                                                          const std::vector<policy::SealedField>& secrets) {
  const auto field = std::ranges::find(secrets, storage::kPasswordField, &policy::SealedField::field);
  if (field == secrets.end()) co_return std::nullopt;
  auto unsealing = parts_.keys.unseal({storage::secret_context(policy::Kind::kUser, user, *field, ""), field->sealed});
  auto opened = co_await unsealing;
  if (!opened) co_return std::nullopt;
  co_return *std::move(opened);
}

// The table is marked on the store's thread, right behind the commit: what was ended stays so even when nobody waits
// for the answer any more. code: of the link that is used up by this; empty: none.
Task<Result<storage::PutPassword>> PasswordChange::put(Loop& home, storage::NewPassword wanted, std::string code) {
  auto putting = parts_.store.run<storage::PutPassword>(
      home,
      [&sessions = parts_.sessions, &keyring = parts_.keyring, &clock = parts_.clock, wanted = std::move(wanted),
       code = std::move(code)](storage::Store& store) -> Result<storage::PutPassword> {
        storage::ResourceService service(store, keyring, clock, {});
        TRY(storage::PutPassword out, service.put_password(wanted));
        for (const RecordId& family : out.ended) sessions.end(family);
        if (out.kept) sessions.insert(*out.kept);
        // Void already, by its epoch; this only clears it away.
        if (!code.empty()) (void)store.take_flow(sha256(as_bytes(code)), clock.wall());
        return out;
      });
  auto done = co_await putting;
  if (!done) co_return done;
  if (parts_.session_ended) {
    for (const RecordId& family : done->ended) parts_.session_ended(family);
  }
  auto following = wait_until_in_force(parts_.in_force, home, done->generation);
  co_await following;
  co_return done;
}

Task<PasswordOutcome> PasswordChange::by_person(Loop& home, const GateRequest& request, const SignedIn& who,
                                                SecretBytes current, SecretBytes wanted) {
  const policy::CompiledUser& user = *who.user;
  const policy::SealedField* const password = user.password();
  if (password == nullptr) co_return PasswordOutcome{.what = What::kWrong};
  const uint64_t epoch = password->epoch;
  const Attempt attempt{.account = {}, .client = request.client.address, .known = bucket_of(who)};
  const Monotonic now = parts_.clock.monotonic();
  if (const auto wait = parts_.attempts.refuse(attempt, now)) {
    parts_.refusals.record(user.name, request.client.address, "too many attempts", parts_.clock.wall(), now);
    co_return PasswordOutcome{.what = What::kLimited, .wait = *wait};
  }
  if (!password_length_possible(current.reveal())) co_return PasswordOutcome{.what = What::kWrong};
  auto opening = last_phc(user.id, user.secrets);
  auto phc = co_await opening;
  if (!phc) co_return PasswordOutcome{.what = What::kWrong};

  Offload<Hashed> hashing(
      parts_.hashing, home,
      [verify = parts_.verify, hash = parts_.hash, phc = *std::move(phc), current = std::move(current),
       wanted = std::move(wanted), rules = rules_of(request), name = user.name,
       email = user.email]() -> Result<Hashed> {
        Hashed out;
        TRY(out.current_fits, verify(phc, current));
        if (!out.current_fits) return out;
        TRY(out.made, make_password(wanted, rules, name, email, &phc, hash));
        return out;
      },
      Turn::kFirst);
  auto hashed = co_await hashing;
  if (!hashed && hashed.error().code == Code::kUnavailable) co_return PasswordOutcome{.what = What::kBusy};
  if (!hashed) co_return failed(request, hashed.error());
  if (!hashed->current_fits) {
    parts_.log.warning("password_refused", {{"reason", "wrong password"},
                                            {"user", user.name},
                                            {"client", request.client.address.to_string()},
                                            {"request_id", request.request_id}});
    parts_.refusals.record(user.name, request.client.address, "wrong password to change it", parts_.clock.wall(),
                           parts_.clock.monotonic());
    co_return PasswordOutcome{.what = What::kWrong};
  }
  // It counts all the same: three hashes at the head of the lane are not to be had without end.
  if (hashed->made.mistake)
    co_return PasswordOutcome{.what = What::kMistake, .mistake = *std::move(hashed->made.mistake), .user = user.name};

  const std::string cookie = random_handle();
  auto putting = put(home,
                     {.user = user.id,
                      .phc = std::move(hashed->made.phc),
                      .replaces = storage::kPasswordField,
                      .epoch = epoch,
                      .keep = storage::NewPassword::Kept{who.session.family, session_id_hash(cookie)},
                      .actor = user.name,
                      .client = request.client.address.to_string(),
                      .detail = "changed by session " + who.session.family.to_string()},
                     "");
  const auto done = co_await putting;
  if (!done) co_return failed(request, done.error());
  parts_.log.info("password_changed", {{"user", user.name}, {"request_id", request.request_id}});
  const auto device =
      parts_.devices.remember(cookie_value(request.cookie, kDeviceCookie), {user.id, done->epoch}, parts_.clock.wall());
  co_return PasswordOutcome{
      .what = What::kChanged,
      .user = user.name,
      .cookies = {set_cookie(kSessionCookie, cookie), set_cookie(kDeviceCookie, device, kDeviceLife)},
      .ended = done->ended.size()};
}

Task<Result<PasswordChange::Link>> PasswordChange::link(Loop& home, std::string code) {
  if (!is_random_handle(code)) co_return fail(Code::kNotFound, Side::kClient, "not a code");
  auto looking =
      parts_.store.run<Link>(home,
                             [&keyring = parts_.keyring, &clock = parts_.clock,
                              code = std::move(code)](storage::Store& store) -> Result<Link> {
                               const WallMicros now = clock.wall();
                               TRY(const storage::FlowRecord record, store.peek_flow(sha256(as_bytes(code)), now));
                               TRY(const ResetLink read, read_reset_link(record, keyring, now));
                               storage::ResourceService service(store, keyring, clock, {});
                               TRY(policy::ResourceRecord user, service.user_of_reset_link(read.user, read.epoch));
                               return Link{std::move(user), read.epoch};
                             });
  co_return co_await looking;
}

Task<PasswordOutcome> PasswordChange::by_link(Loop& home, const GateRequest& request, std::string code,
                                              SecretBytes wanted) {
  auto looking = link(home, code);
  const auto found = co_await looking;
  if (!found) co_return failed(request, found.error());
  const policy::ResourceRecord& user = found->user;
  auto opening = last_phc(user.id, user.secrets);
  auto phc = co_await opening;
  Offload<MadePassword> hashing(
      parts_.hashing, home,
      [hash = parts_.hash, phc = std::move(phc), wanted = std::move(wanted), rules = rules_of(request),
       name = user.name, email = email_of(user, *request.snapshot)] {
        return make_password(wanted, rules, name, email, phc ? &*phc : nullptr, hash);
      },
      Turn::kFirst);
  auto made = co_await hashing;
  if (!made && made.error().code == Code::kUnavailable) co_return PasswordOutcome{.what = What::kBusy};
  if (!made) co_return failed(request, made.error());
  if (made->mistake)
    co_return PasswordOutcome{.what = What::kMistake, .mistake = *std::move(made->mistake), .user = user.name};
  auto putting = put(home,
                     {.user = user.id,
                      .phc = std::move(made->phc),
                      .replaces = storage::kResetLinkField,
                      .epoch = found->epoch,
                      .keep = {},
                      .actor = user.name,
                      .client = request.client.address.to_string(),
                      .detail = "set by a link of an administrator"},
                     std::move(code));
  const auto done = co_await putting;
  if (!done) co_return failed(request, done.error());
  parts_.log.info("password_changed", {{"user", user.name}, {"request_id", request.request_id}});
  co_return PasswordOutcome{.what = What::kChanged, .user = user.name, .ended = done->ended.size()};
}

PasswordOutcome PasswordChange::failed(const GateRequest& request, const Error& error) const {
  if (error.code == Code::kDenied || error.code == Code::kNotFound || error.code == Code::kMalformed)
    return {.what = What::kMeanwhile};
  parts_.log.error("password_not_changed", {{"reason", error.what}, {"request_id", request.request_id}});
  return {.what = What::kFailed};
}

}  // namespace sallyport::sso
