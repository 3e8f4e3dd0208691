// What the gate's own form does for people who are known elsewhere: it leads them to their provider, or asks their
// directory.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sso/cookies.h"
#include "sso/sign_in.h"
#include "sso/sign_in_problems.h"

namespace sallyport::sso {
namespace {

constexpr Problem kProviderAway{503, "provider_unavailable", "Not available just now",
                                "The directory that knows you cannot be reached at the moment. Please try again."};

std::string domain_of(std::string_view address) {
  const size_t at = address.rfind('@');
  if (at == address.npos) return "";
  return policy::lower_case(address.substr(at + 1));
}

const policy::CompiledProvider* provider_of(const policy::Snapshot& snapshot, std::string_view address) {
  const std::string domain = domain_of(address);
  return domain.empty() ? nullptr : snapshot.provider_of_domain(domain);
}

}  // namespace

// An e-mail address says where its owner signs in. What is answered depends on the domain alone, so that nobody learns
// who has an account; an admin whose password shall count types the user name.
std::optional<GateReply> SignIn::lead_to_provider(const GateRequest& request, const LoginForm& form,
                                                  bool with_password) const {
  if (!door_) return std::nullopt;
  const policy::CompiledProvider* const provider = provider_of(*request.snapshot, form.user);
  if (provider == nullptr || provider->spec.type == policy::ProviderType::kLdap) return std::nullopt;
  if (with_password && !provider->spec.required) return std::nullopt;
  const std::string location = provider_login_path(*provider, form.flow, form.then);
  if (!is_form(request) && !provider->spec.required) return std::nullopt;
  if (!is_form(request))
    return json_reply(403,
                      {{"error", "provider_required"},
                       {"message", "This person signs in at an identity provider."},
                       {"details", nlohmann::json::array()},
                       {"request_id", request.request_id},
                       {"location", location}},
                      "to the provider");
  const std::string& label = provider->spec.label.empty() ? provider->name : provider->spec.label;
  return page_reply(200, to_provider_page(location, label), "to the provider");
}

// Does what this account has at the gate alone (a password, a passkey, a certificate) sign it in? Where its provider is
// demanded, only an admin by hand does without: whom the provider does not know any more is to be out.
bool SignIn::signs_in_here(const policy::Snapshot& snapshot, const policy::CompiledUser& user) const {
  if (user.admin_by_hand) return true;
  const policy::CompiledProvider* const provider = provider_of(snapshot, user.email);
  return provider == nullptr || !provider->spec.required;
}

// As after a password of our own: who has been here before is not held up by those who guess at the name.
void SignIn::remember_device(const GateRequest& request, GateReply& reply) const {
  const auto snapshot = parts_.lanes && parts_.lanes->snapshot ? parts_.lanes->snapshot() : request.snapshot;
  const policy::CompiledUser* const user = snapshot ? snapshot->user(reply.user) : nullptr;
  if (user == nullptr) return;
  const auto known = cookie_value(request.cookie, kDeviceCookie);
  add_header(
      reply, "Set-Cookie",
      set_cookie(kDeviceCookie, devices_.remember(known, device_account(*user), parts_.clock.wall()), kDeviceLife));
}

// Nothing: no directory has anything to do with it, or none knows this name with this password.
Task<std::optional<GateReply>> SignIn::ask_directories(Loop& home, const GateRequest& request, const LoginForm& form,
                                                       const policy::CompiledUser* user, const SecretBytes& password,
                                                       const Attempt& attempt) {
  if (!door_) co_return std::nullopt;
  auto directories = directories_for(*request.snapshot, form.user, user,
                                     user == nullptr                            ? Own::kNothing
                                     : !signs_in_here(*request.snapshot, *user) ? Own::kRefused
                                     : user->password() != nullptr              ? Own::kPassword
                                                                                : Own::kNothing);
  if (directories.empty()) co_return std::nullopt;
  auto copy = SecretBytes::copy_of(password.view());
  if (!copy) co_return refuse_login(request, kBusy, form);
  auto asking = door_->directories().sign_in(home, request, std::move(directories), form.user, *std::move(copy),
                                             attempt.known ? std::optional(user->id) : std::nullopt, form.flow,
                                             std::string(form.then));
  DirectorySignIn::Outcome outcome = co_await asking;
  switch (outcome.what) {
    case DirectorySignIn::Outcome::What::kWrong:
      co_return std::nullopt;
    case DirectorySignIn::Outcome::What::kUnavailable: {
      GateReply reply = refuse_login(request, kProviderAway, form);
      add_header(reply, "Retry-After", "30");
      co_return reply;
    }
    case DirectorySignIn::Outcome::What::kBusy: {
      GateReply reply = refuse_login(request, kBusy, form);
      add_header(reply, "Retry-After", "2");
      co_return reply;
    }
    case DirectorySignIn::Outcome::What::kAnswered:
      if (outcome.reply.status < 400) {
        attempts_.succeeded(attempt, parts_.clock.monotonic());
        remember_device(request, outcome.reply);
      }
      co_return std::move(outcome.reply);
  }
  co_return std::nullopt;
}

}  // namespace sallyport::sso
