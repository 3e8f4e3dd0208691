#include "policy/snapshot.h"

#include <algorithm>

#include "policy/certificate_pattern.h"
#include "policy/snapshot_parts.h"

namespace sallyport::policy {
namespace {

// What is left of a path behind the prefix of its place. "/" is the path's own first byte, so that it is a view as
// well.
Place place_of(const Route& route, std::string_view path) {
  const std::string_view rest = path.substr(route.prefix.size());
  return {route.resource.get(), rest.empty() ? path.substr(0, 1) : rest};
}

bool covers(std::string_view prefix, std::string_view path) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

// The end of the first `count` segments.
size_t end_of_segments(std::string_view path, size_t count) {
  size_t end = 0;
  while (count-- > 0 && end < path.size()) end = std::min(path.find('/', end + 1), path.size());
  return end;
}

Place locate_among_many(const HostSlot& host, std::string_view path) {
  size_t end = end_of_segments(path, host.segments_max);
  while (true) {
    if (const Route* route = host.many.find(path.substr(0, end))) return place_of(*route, path);
    if (end == 0) return {};
    end = path.rfind('/', end - 1);
  }
}

}  // namespace

const SealedField* CompiledUser::password() const {
  const auto found = std::ranges::find(secrets, "password", &SealedField::field);
  return found == secrets.end() ? nullptr : &*found;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string resource_key(Kind kind, std::string_view name) {
  return std::string(to_string(kind)) + "/" + std::string(name);
}

std::string subject_key(std::string_view provider, std::string_view subject) {
  return std::string(provider) + "\n" + std::string(subject);
}

std::string destination_of(const Resource& resource) {
  if (const auto* provider = std::get_if<IdentityProvider>(&resource.body)) {
    if (provider->type == ProviderType::kOidc) return provider->oidc.issuer;
    std::string out;
    for (const std::string& url : provider->ldap.urls) out += out.empty() ? url : " " + url;
    return out;
  }
  const auto* spec = std::get_if<Protected>(&resource.body);
  if (!spec || spec->upstream.url.host.empty()) return "";
  const http::Url& url = spec->upstream.url;
  const bool v6 = url.host.find(':') != url.host.npos;
  return url.scheme + "://" + (v6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
}

bool Snapshot::has_host(std::string_view host) const { return parts_->hosts.find(host) != nullptr; }

Place Snapshot::locate(std::string_view host, std::string_view canonical_path) const {
  if (!canonical_path.starts_with('/')) return {};
  const auto* slot = parts_->hosts.find(host);
  if (!slot) return {};
  for (const Route& route : (*slot)->routes) {
    if (covers(route.prefix, canonical_path)) return place_of(route, canonical_path);
  }
  return (*slot)->many.size() == 0 ? Place{} : locate_among_many(**slot, canonical_path);
}

const CompiledUser* Snapshot::user(const UserId& id) const {
  const auto* found = parts_->users.find(id);
  return found ? found->get() : nullptr;
}

const CompiledUser* Snapshot::user_by_name_or_email(std::string_view name) const {
  const auto* login = parts_->logins.find(lower_case(name));
  if (!login) return nullptr;
  const CompiledUser* sound = nullptr;
  for (const UserId& id : (*login)->users) {
    const CompiledUser* one = user(id);
    if (!one || one->damaged) continue;
    if (sound) return nullptr;
    sound = one;
  }
  if (!sound && (*login)->users.size() == 1) sound = user((*login)->users.front());
  return sound && sound->account ? nullptr : sound;
}

bool Snapshot::is_taken(std::string_view name_or_email) const {
  const auto* login = parts_->logins.find(lower_case(name_or_email));
  return login && !(*login)->users.empty();
}

const CompiledUser* Snapshot::user_by_certificate(const ClientCertificate& certificate) const {
  const CompiledUser* sound = nullptr;
  const CompiledUser* damaged = nullptr;
  for (const std::string& pattern : patterns_of(certificate)) {
    const auto* holders = parts_->certificates.find(pattern);
    if (!holders) continue;
    for (const UserId& id : (*holders)->users) {
      const CompiledUser* one = user(id);
      if (!one) continue;
      if (one->damaged) {
        damaged = one;
        continue;
      }
      if (sound && sound != one) return nullptr;
      sound = one;
    }
  }
  return sound ? sound : damaged;
}

const CompiledUser* Snapshot::user_by_subject(std::string_view provider, std::string_view subject) const {
  const auto* login = parts_->subjects.find(subject_key(provider, subject));
  return login && (*login)->users.size() == 1 ? user((*login)->users.front()) : nullptr;
}

const CompiledProvider* Snapshot::provider(std::string_view name) const {
  const auto& all = parts_->providers;
  const auto named =
      std::ranges::equal_range(all, name, {}, [](const auto& one) { return std::string_view(one->name); });
  return named.size() == 1 ? named.front().get() : nullptr;
}

const CompiledProvider* Snapshot::provider_of_domain(std::string_view domain) const {
  for (const auto& provider : parts_->providers)
    if (!provider->damaged && std::ranges::find(provider->spec.domains, domain) != provider->spec.domains.end())
      return provider.get();
  return nullptr;
}

std::span<const std::shared_ptr<const CompiledProvider>> Snapshot::providers() const { return parts_->providers; }

const CompiledTeam* Snapshot::team(std::string_view name) const {
  const auto* found = parts_->teams.find(name);
  return found ? (*found)->compiled.get() : nullptr;
}

std::vector<const CompiledUser*> Snapshot::accounts_of(std::string_view team) const {
  std::vector<const CompiledUser*> out;
  const auto* slot = parts_->teams.find(team);
  if (!slot) return out;
  for (const UserId& id : (*slot)->accounts)
    if (const CompiledUser* const account = user(id)) out.push_back(account);
  std::ranges::sort(out, {}, &CompiledUser::name);
  return out;
}

const CompiledResource* Snapshot::resource(std::string_view name, Kind kind) const {
  const auto* names = parts_->resource_names.find(resource_key(kind, name));
  if (!names) return nullptr;
  const CompiledResource* sound = nullptr;
  for (const RecordId& id : (*names)->resources) {
    const ResourceSlot* slot = parts_->resources.find(id);
    if (!slot || slot->record_damaged) continue;
    if (sound) return nullptr;
    sound = slot->compiled.get();
  }
  if (sound || (*names)->resources.size() != 1) return sound;
  const ResourceSlot* slot = parts_->resources.find((*names)->resources.front());
  return slot ? slot->compiled.get() : nullptr;
}

std::vector<const CompiledResource*> Snapshot::resources_of(const UserId& user_id) const {
  std::vector<const CompiledResource*> out;
  const CompiledUser* user = this->user(user_id);
  const auto* mentions = user ? parts_->mentions.find(user->name) : nullptr;
  if (!mentions) return out;
  const auto add = [&](const RecordId& id) {
    const ResourceSlot* slot = parts_->resources.find(id);
    if (slot && !slot->compiled->damaged && role_on(*slot->compiled, user_id) > Role::kNone)
      out.push_back(slot->compiled.get());
  };
  for (const RecordId& id : (*mentions)->resources) add(id);
  for (const std::string& team : (*mentions)->teams) {
    const auto* slot = parts_->teams.find(team);
    if (!slot) continue;
    for (const RecordId& id : (*slot)->resources) add(id);
  }
  std::ranges::sort(out, [](const CompiledResource* a, const CompiledResource* b) {
    return a->name != b->name ? a->name < b->name : a->kind < b->kind;
  });
  const auto twice = std::ranges::unique(out);
  out.erase(twice.begin(), twice.end());
  return out;
}

size_t Snapshot::resource_count() const { return parts_->resources.size(); }

Role role_on(const CompiledResource& resource, const UserId& user) {
  if (!resource.role_overrides.empty()) {
    const auto found = resource.role_overrides.find(user);
    if (found != resource.role_overrides.end()) return found->second;
  }
  const auto found = resource.team->members.find(user);
  return found == resource.team->members.end() ? Role::kNone : found->second;
}

}  // namespace sallyport::policy
