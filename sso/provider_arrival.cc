#include "sso/provider_arrival.h"

#include <nlohmann/json.hpp>

#include "sso/provider_flows.h"
#include "sso/provider_refusal.h"
#include "storage/resource_service.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

constexpr int kJudgedMax = 8;  // against others who change the same account
constexpr std::string_view kOriginKind = "session-origin";

storage::SealContext origin_context(const storage::SessionOrigin& origin) {
  storage::SealContext out;
  out.kind = kOriginKind;
  out.record = origin.provider;
  out.field = "words";
  return out;
}

storage::ProvidedAccountWish wish_of(const AccountPlan& plan, const policy::CompiledProvider& provider,
                                     const GateRequest& request) {
  using What = storage::ProvidedAccountWish::What;
  storage::ProvidedAccountWish out;
  const bool create = plan.what == AccountPlan::What::kCreate;
  out.what = create ? What::kCreate : plan.what == AccountPlan::What::kLink ? What::kLink : What::kKnown;
  out.user = create ? RecordId::random() : plan.user->id;
  out.name = plan.name;
  out.email = plan.email;
  out.identity = plan.identity;
  out.provider = provider.id;
  out.provider_version = provider.version;
  out.client = request.client.address.to_string();
  return out;
}

}  // namespace

Sha256 ProviderArrivals::subject_hash(const RecordId& provider, std::string_view subject) {
  return sha256(as_bytes(provider.to_string() + "\n" + std::string(subject)));
}

Result<storage::SessionOrigin> ProviderArrivals::sealed_origin(const policy::CompiledProvider& provider,
                                                               const OriginWords& words) const {
  storage::SessionOrigin out;
  out.provider = provider.id;
  out.subject_hash = subject_hash(provider.id, words.subject);
  if (!words.index.empty()) out.index_hash = subject_hash(provider.id, words.index);
  json content{{"subject", words.subject}, {"index", words.index}};
  for (const auto& [name, value] : words.more) content["more"][name] = value;
  if (words.fresh) content["fresh"] = true;
  const std::string text = content.dump(-1, ' ', false, json::error_handler_t::replace);
  TRY(out.sealed, parts_.keyring.seal(origin_context(out), as_bytes(text)));
  return out;
}

Result<OriginWords> ProviderArrivals::open_origin(const storage::SessionOrigin& origin,
                                                  const storage::Keyring& keyring) {
  TRY(const SecretBytes clear, keyring.unseal(origin_context(origin), origin.sealed));
  const json content = json::parse(clear.reveal(), nullptr, false);
  const auto text = [&](const char* key) {
    const auto found = content.find(key);
    return found != content.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!content.is_object()) return malformed(Side::kStorage, "where a session came from does not read");
  OriginWords out{text("subject"), text("index"), {}, content.value("fresh", json()) == true};
  if (const auto more = content.find("more"); more != content.end() && more->is_object())
    for (const auto& [name, value] : more->items())
      if (value.is_string()) out.more.emplace_back(name, value.get<std::string>());
  return out;
}

GateReply ProviderArrivals::refuse(const GateRequest& request, const policy::CompiledProvider& provider,
                                   const char* code, const char* reason, const Checks& checks,
                                   const std::string& user) {
  const std::string reference = new_reference();
  const bool unavailable = std::string_view(code) == "provider_unavailable";
  parts_.log.warning("sign_in_refused", {{"reason", reason},
                                         {"provider", provider.name},
                                         {"reference", reference},
                                         {"user", user},
                                         {"client", request.client.address.to_string()},
                                         {"request_id", request.request_id}});
  parts_.recorder.record(provider.name,
                         {.at = parts_.clock.wall(),
                          .reference = reference,
                          .outcome = unavailable ? ReportOutcome::kUnavailable : ReportOutcome::kRefused,
                          .user = user,
                          .client = request.client.address.to_string(),
                          .what = reason,
                          .checks = checks.list()},
                         parts_.clock.monotonic());
  return provider_refusal(request, code, reference);
}

Task<Result<ProviderArrivals::Settled>> ProviderArrivals::settle(Loop& home, const GateRequest& request,
                                                                 const policy::CompiledProvider& provider,
                                                                 const Arrival& arrival, AccountPlan& plan) {
  Settled out{request.snapshot, nullptr, false};
  for (int judged = 0; judged < kJudgedMax; ++judged) {
    plan = account_for(*out.snapshot, provider.name, provider.spec, *provider.groups, arrival.identity);
    if (plan.what == AccountPlan::What::kRefuse) co_return fail(Code::kDenied, Side::kClient, plan.reason);
    if (!plan.changes && plan.what == AccountPlan::What::kExisting) {
      out.user = plan.user;
      co_return out;
    }
    storage::ProvidedAccountWish wish = wish_of(plan, provider, request);
    const UserId user = wish.user;
    if (arrival.once) wish.more.changes.emplace_back(*arrival.once);
    auto putting = parts_.store.run<storage::ProvidedAccount>(
        home,
        [&keyring = parts_.keyring, &clock = parts_.clock,
         wish =
             std::move(wish)](storage::Store& store) -> Result<storage::ProvidedAccount> {  // may outlive this object
          storage::ResourceService service(store, keyring, clock, {});
          return service.put_provided_account(wish);
        });
    const auto put = co_await putting;
    if (!put && put.error().code != Code::kDenied) co_return std::unexpected(put.error());
    // Not as it was judged: the store knows more than the snapshot.
    storage::Generation wanted{};
    if (put) {
      out.once_used = arrival.once.has_value();
      wanted = put->generation;
    } else {
      auto asking =
          parts_.store.run<storage::Generation>(home, [](storage::Store& store) { return store.generation(); });
      CO_TRY(wanted, co_await asking);
    }
    auto waiting = wait_until_in_force(parts_.in_force, home, wanted);
    co_await waiting;
    if (parts_.snapshot)
      if (auto newest = parts_.snapshot(); newest && newest->generation() >= out.snapshot->generation())
        out.snapshot = std::move(newest);
    if (!put) continue;
    out.user = out.snapshot->user(user);
    if (out.user != nullptr) co_return out;
    co_return fail(Code::kUnavailable, Side::kSelf, "the account is not in force yet");
  }
  co_return fail(Code::kConflict, Side::kStorage, "the account was changed by somebody else again and again");
}

Task<GateReply> ProviderArrivals::arrive(Loop& home, const GateRequest& request,
                                         const policy::CompiledProvider& provider, Arrival arrival) {
  AccountPlan plan;
  auto settling = settle(home, request, provider, arrival, plan);
  auto settled = co_await settling;
  note_account(arrival.checks, plan);
  const std::string& name = plan.name;
  if (!settled && plan.what == AccountPlan::What::kRefuse)
    co_return refuse(request, provider, plan.code, plan.reason, arrival.checks, name);
  if (!settled && settled.error().code == Code::kConflict)
    co_return refuse(request, provider, "sign_in_refused", settled.error().what, arrival.checks, name);
  if (!settled) co_return refuse(request, provider, "provider_unavailable", settled.error().what, arrival.checks, name);

  SessionWish wish;
  wish.proof = {arrival.identity.means + " at " + provider.name, provider.spec.strength};
  wish.in_browser = !request.sallyport_request;
  wish.flow = arrival.flow;
  if (!arrival.flow.empty()) {
    auto looking = parts_.wanted(home, arrival.flow, request.client.address, settled->snapshot);
    wish.wanted = co_await looking;
  }
  if (!wish.wanted) wish.flow.clear();
  wish.then = arrival.then == kThenFactors ? kThenFactors : "";
  wish.absolute = provider.spec.session_absolute;
  wish.idle = provider.spec.session_idle;
  wish.ends_by = arrival.identity.session_end;
  wish.replaces = arrival.replaces;
  wish.snapshot = settled->snapshot;
  if (arrival.once && !settled->once_used) wish.more.emplace_back(*arrival.once);
  if (arrival.origin) {
    auto origin = sealed_origin(provider, *arrival.origin);
    if (!origin) co_return refuse(request, provider, "provider_unavailable", origin.error().what, arrival.checks, name);
    wish.origin = *std::move(origin);
  }
  auto opening = parts_.opener.open(home, request, *settled->user, std::move(wish));
  auto opened = co_await opening;
  if (!opened) {
    const Code code = opened.error().code;
    const char* const answer =
        code == Code::kDenied || code == Code::kConflict ? "sign_in_refused" : "provider_unavailable";
    co_return refuse(request, provider, answer, opened.error().what, arrival.checks, name);
  }
  parts_.recorder.record(provider.name,
                         {.at = parts_.clock.wall(),
                          .reference = new_reference(),
                          .outcome = ReportOutcome::kSignedIn,
                          .user = settled->user->name,
                          .client = request.client.address.to_string(),
                          .what = "signed in",
                          .checks = arrival.checks.list()},
                         parts_.clock.monotonic());
  co_return *std::move(opened);
}

}  // namespace sallyport::sso
