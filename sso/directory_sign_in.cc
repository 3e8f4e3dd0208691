#include "sso/directory_sign_in.h"

#include <algorithm>

#include "sso/ldap/ldap_sign_in.h"

namespace sallyport::sso {
namespace {

constexpr std::string_view kBindPassword = "secrets.bind_password";

std::string domain_of(std::string_view typed) {
  const size_t at = typed.rfind('@');
  if (at == typed.npos) return "";
  std::string out(typed.substr(at + 1));
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return out;
}

bool is_directory(const policy::CompiledProvider& provider) {
  return !provider.damaged && provider.spec.type == policy::ProviderType::kLdap;
}

}  // namespace

std::vector<const policy::CompiledProvider*> directories_for(const policy::Snapshot& snapshot, std::string_view typed,
                                                             const policy::CompiledUser* user, Own own) {
  std::vector<const policy::CompiledProvider*> out;
  if (own == Own::kPassword) return out;
  if (user != nullptr) {
    for (const policy::ProvidedIdentity& identity : user->identities)
      if (const auto* provider = snapshot.provider(identity.provider);
          own == Own::kNothing && provider != nullptr && is_directory(*provider))
        out.push_back(provider);
    // One that an admin has made for a person of a directory, and whom it has not vouched for yet.
    if (out.empty() && !user->email.empty())
      if (const auto* provider = snapshot.provider_of_domain(domain_of(user->email));
          provider != nullptr && is_directory(*provider))
        out.push_back(provider);
    return out;
  }
  if (const std::string domain = domain_of(typed); !domain.empty())
    if (const auto* provider = snapshot.provider_of_domain(domain); provider != nullptr) {
      if (is_directory(*provider)) out.push_back(provider);
      return out;
    }
  for (const auto& provider : snapshot.providers())
    if (is_directory(*provider) && out.size() < kDirectoriesAskedMax) out.push_back(provider.get());
  return out;
}

Result<std::shared_ptr<const DirectorySignIn::Made>> DirectorySignIn::directory(
    const policy::CompiledProvider& provider) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<const Made>& made = made_[provider.id];
  if (made && made->version == provider.version) return made;
  TRY(std::unique_ptr<ldap::Directory> fresh,
      ldap::Directory::make(provider.spec.ldap, provider.spec.network, lookup_, parts_.clock));
  made = std::make_shared<const Made>(provider.version, std::move(fresh));
  return made;
}

void DirectorySignIn::close_idle() {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, made] : made_)
    if (made) (void)parts_.asking.submit([made] { made->directory->close_idle(); }, Turn::kInOrder, id);
}

Task<Result<SecretBytes>> DirectorySignIn::bind_password(const policy::CompiledProvider& provider) {
  const auto field = std::ranges::find(provider.secrets, kBindPassword, &policy::SealedField::field);
  if (field == provider.secrets.end()) co_return SecretBytes();
  auto unsealing = parts_.keys.unseal(
      {storage::secret_context(policy::Kind::kIdentityProvider, provider.id, *field, provider.destination),
       field->sealed});
  co_return co_await unsealing;
}

Task<DirectorySignIn::Outcome> DirectorySignIn::sign_in(Loop& home, const GateRequest& request,
                                                        std::vector<const policy::CompiledProvider*> directories,
                                                        std::string typed, SecretBytes password,
                                                        std::optional<UserId> known_at, std::string flow,
                                                        std::string then) {
  Outcome out;
  for (const policy::CompiledProvider* const provider : directories) {
    auto made = directory(*provider);
    if (!made) {
      (void)parts_.arrivals.refuse(request, *provider, "provider_unavailable", made.error().what, {});
      out.what = Outcome::What::kUnavailable;
      continue;
    }
    auto unsealing = bind_password(*provider);
    auto secret = co_await unsealing;
    auto copy = SecretBytes::copy_of(password.view());
    if (!secret || !copy) {
      (void)parts_.arrivals.refuse(request, *provider, "provider_unavailable", "secrets.bind_password does not open",
                                   {});
      out.what = Outcome::What::kUnavailable;
      continue;
    }
    using Verdict = ldap::LdapVerdict;
    ldap::EntryAttempts attempts{known_at ? known_ : strangers_,
                                 provider->id.to_string() + (known_at ? known_at->to_string() : "")};
    Offload<Verdict> asking(
        parts_.asking, home,
        [made = *std::move(made), owned = provider->shared_from_this(), typed, password = *std::move(copy),
         secret = *std::move(secret), attempts = std::move(attempts)]() -> Result<Verdict> {
          return ldap::ldap_sign_in(*made->directory, owned->spec, typed, password, secret, attempts);
        },
        Turn::kInOrder, provider->id);
    auto asked = co_await asking;
    if (!asked) {
      out.what = Outcome::What::kBusy;
      co_return out;
    }
    if (!asked->identity) {
      const bool away = asked->identity.error().code == Code::kUnavailable;
      (void)parts_.arrivals.refuse(request, *provider, away ? "provider_unavailable" : "sign_in_refused",
                                   asked->identity.error().what, asked->checks);
      if (away) out.what = Outcome::What::kUnavailable;
      continue;
    }
    Arrival arrival;
    arrival.identity = *std::move(asked->identity);
    arrival.checks = std::move(asked->checks);
    arrival.flow = std::move(flow);
    arrival.then = std::move(then);
    auto arriving = parts_.arrivals.arrive(home, request, *provider, std::move(arrival));
    out.reply = co_await arriving;
    out.what = Outcome::What::kAnswered;
    co_return out;
  }
  co_return out;
}

}  // namespace sallyport::sso
