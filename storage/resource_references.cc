#include "storage/resource_references.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace sallyport::storage {
namespace {

using policy::Kind;

// A resource of the state after the change, and the document it comes from, if any.
struct Entry {
  const policy::Resource* resource;
  std::optional<size_t> document;
};

std::string label_of(const policy::Resource& resource) {
  return std::string(policy::to_string(resource.kind)) + " " + resource.name;
}

std::map<ResourceKey, Entry> state_after(const ResourceState& state, const ResourcePlan& plan) {
  std::map<ResourceKey, Entry> out;
  const auto entry_of = [&plan](const policy::Resource& resource) {
    const auto found = plan.documents.find({resource.kind, resource.name});
    return Entry{&resource, found == plan.documents.end() ? std::nullopt : std::optional(found->second)};
  };
  for (const auto& [key, stored] : state.resources)
    if (stored.resource) out.emplace_hint(out.end(), key, entry_of(*stored.resource));
  for (const StoredResource* gone : plan.deletes) out.erase({gone->row.record.kind, gone->row.record.name});
  for (const PlannedPut& put : plan.puts)
    out.insert_or_assign({put.resource.kind, put.resource.name}, entry_of(put.resource));
  return out;
}

class ReferenceCheck {
 public:
  ReferenceCheck(const ResourceState& state, const ResourcePlan& plan, const std::string& gate_host, Mistakes& mistakes)
      : state_(state), gate_host_(gate_host), mistakes_(mistakes), after_(state_after(state, plan)) {
    for (const StoredResource* gone : plan.deletes) deleted_.emplace(gone->row.record.kind, gone->row.record.name);
  }

  void run() {
    for (const auto& [key, entry] : after_) {
      if (const auto* team = std::get_if<policy::Team>(&entry.resource->body))
        check_people(entry, "members", team->members, Accounts::kNotHere);
      if (const auto* user = std::get_if<policy::User>(&entry.resource->body)) {
        check_email(entry, *user);
        check_certificates(entry, *user);
        check_identities(entry, *user);
      }
      if (const auto* account = std::get_if<policy::ServiceAccount>(&entry.resource->body)) {
        require(entry, Kind::kTeam, account->team, "team", "unknown_team");
        check_namesake(entry);
      }
      if (const auto* body = std::get_if<policy::Protected>(&entry.resource->body)) {
        check_people(entry, "roles", body->roles, Accounts::kToo);
        require(entry, Kind::kTeam, body->team, "team", "unknown_team");
        check_place(entry, *body);
      }
    }
    check_admin();
  }

 private:
  // What was broken before and is not touched stands in nobody's way: a complaint is about what a document says, or
  // about what goes away while others name it.
  void complain(const Entry& entry, const std::string& path, const std::string& message, const char* code) {
    if (entry.document) {
      mistakes_.push_back({path_in(*entry.document, path), message, code, "", 0});
    } else {
      mistakes_.push_back({"", label_of(*entry.resource) + ": " + path + ": " + message, code, "", 0});
    }
  }

  void require(const Entry& entry, Kind kind, const std::string& name, const std::string& path, const char* code) {
    if (is_there(kind, name)) return;
    const std::string what(policy::to_string(kind));
    if (entry.document) return complain(entry, path, "there is no " + what + " `" + name + "`", code);
    if (state_.find(kind, name) == nullptr) return;
    const std::string user = label_of(*entry.resource) + " (" + path + ")";
    mistakes_.push_back({"", what + " " + name + " is still used by " + user, "in_use", "", 0});
  }

  // A damaged record is there, even if nobody can read it.
  bool is_there(Kind kind, const std::string& name) const {
    const auto [known, fresh] = there_.try_emplace({kind, name});
    if (fresh) {
      const StoredResource* const stored = state_.find(kind, name);
      const bool damaged = stored != nullptr && !stored->resource && !deleted_.contains({kind, name});
      known->second = damaged || after_.contains({kind, name});
    }
    return known->second;
  }

  enum class Accounts : uint8_t { kNotHere, kToo };
  void check_people(const Entry& entry, const std::string& key, const std::map<std::string, policy::Role>& people,
                    Accounts accounts) {
    for (const auto& [name, role] : people) {
      std::string path = key;
      path.append(".").append(name);
      const bool user = is_there(Kind::kUser, name);
      const bool account = is_there(Kind::kServiceAccount, name);
      if (account && !user && accounts == Accounts::kNotHere) {
        complain(entry, path, "is a service account: its role in its team is its own `role`", "conflict");
      } else if (!user && state_.find(Kind::kServiceAccount, name) != nullptr) {
        require(entry, Kind::kServiceAccount, name, path, "unknown_service_account");
      } else if (!account) {
        require(entry, Kind::kUser, name, path, "unknown_user");
      }
    }
  }

  // Users and service accounts are of one namespace: an upstream, a log and a list of roles show a name alone.
  void check_namesake(const Entry& account) {
    const auto user = after_.find({Kind::kUser, account.resource->name});
    if (user != after_.end()) complain_of_two(account, user->second, "name", "is the name of ", "conflict");
  }

  void check_email(const Entry& entry, const policy::User& user) {
    if (user.email.empty()) return;
    std::string folded = user.email;
    std::ranges::transform(folded, folded.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    const auto [first, fresh] = emails_.emplace(folded, entry);
    if (!fresh) complain_of_two(entry, first->second, "email", "is the address of ", "conflict");
  }

  // Who holds one of them signs in as its user: it must be one user's alone.
  void check_certificates(const Entry& entry, const policy::User& user) {
    for (size_t i = 0; i < user.certificates.size(); ++i) {
      const std::string here = "certificates[" + std::to_string(i) + "]";
      const auto [first, fresh] = certificates_.emplace(user.certificates[i], std::pair(entry, here));
      if (fresh) continue;
      const auto& [other, there] = first->second;
      complain_of_two(entry, other, entry.document ? here : there, "is a certificate of ", "conflict");
    }
  }

  // Who is this at a provider? One user here, and one person there.
  void check_identities(const Entry& entry, const policy::User& user) {
    std::set<std::string> providers;
    for (size_t i = 0; i < user.identities.size(); ++i) {
      const policy::ProvidedIdentity& identity = user.identities[i];
      const std::string here = "identities[" + std::to_string(i) + "]";
      require(entry, Kind::kIdentityProvider, identity.provider, here + ".provider", "unknown_identity_provider");
      if (!providers.insert(identity.provider).second && entry.document)
        complain(entry, here + ".provider", "is there twice: a user is one person there", "duplicate");
      const auto [first, fresh] =
          subjects_.emplace(std::pair(identity.provider, identity.subject), std::pair(entry, here));
      if (fresh) continue;
      const auto& [other, there] = first->second;
      if (other.resource == entry.resource) continue;
      complain_of_two(entry, other, entry.document ? here : there, "is a link of ", "conflict");
    }
  }

  void check_place(const Entry& entry, const policy::Protected& body) {
    if (entry.document && body.at.host == gate_host_)
      return complain(entry, "at", "the gate's own host carries no resource", "conflict");
    const auto [place, fresh_place] = places_.emplace(body.at.host + body.at.prefix, entry);
    if (!fresh_place) return complain_of_two(entry, place->second, "at", "is taken by ", "conflict");
    const auto [host, fresh_host] = hosts_.emplace(body.at.host, entry);
    if (fresh_host || std::get<policy::Protected>(host->second.resource->body).team == body.team) return;
    complain_of_two(entry, host->second, "at",
                    "a host belongs to one team, and this one has resources of another: ", "conflict");
  }

  // Which of two is at fault? The one that comes from a document.
  void complain_of_two(const Entry& second, const Entry& first, const std::string& path, const std::string& message,
                       const char* code) {
    if (second.document) return complain(second, path, message + label_of(*first.resource), code);
    if (first.document) complain(first, path, message + label_of(*second.resource), code);
  }

  static bool is_admin(const policy::Resource& resource) {
    const auto* const user = std::get_if<policy::User>(&resource.body);
    return user != nullptr && user->admin && !user->suspended;
  }

  void check_admin() {
    const auto stored_admin = [](const auto& pair) { return pair.second.resource && is_admin(*pair.second.resource); };
    if (std::ranges::none_of(state_.resources, stored_admin)) return;
    if (std::ranges::any_of(after_, [](const auto& pair) { return is_admin(*pair.second.resource); })) return;
    // Said where a document takes the right away, or without a place.
    for (const auto& [key, entry] : after_) {
      if (!entry.document || entry.resource->kind != Kind::kUser) continue;
      const StoredResource* const before = state_.find(key.first, key.second);
      if (before == nullptr || !before->resource || !is_admin(*before->resource)) continue;
      if (std::get<policy::User>(entry.resource->body).admin)
        return complain(entry, "suspended", "the last administrator cannot be suspended", "last_admin");
      return complain(entry, "admin", "the last administrator stays one", "last_admin");
    }
    mistakes_.push_back({"", "the last administrator stays", "last_admin", "", 0});
  }

  const ResourceState& state_;
  const std::string& gate_host_;
  Mistakes& mistakes_;
  const std::map<ResourceKey, Entry> after_;
  std::set<ResourceKey> deleted_;
  std::map<std::string, Entry> emails_;
  std::map<std::string, std::pair<Entry, std::string>> certificates_;                      // and where in it
  std::map<std::pair<std::string, std::string>, std::pair<Entry, std::string>> subjects_;  // the same, by provider
  std::unordered_map<std::string, Entry> places_;  // host and prefix: a host has no '/', a prefix begins with one
  std::unordered_map<std::string, Entry> hosts_;
  mutable std::map<ResourceKey, bool> there_;  // what is_there() found: many name the same few
};

}  // namespace

void check_references(const ResourceState& state, const ResourcePlan& plan, const std::string& gate_host,
                      Mistakes& mistakes) {
  ReferenceCheck(state, plan, gate_host, mistakes).run();
}

}  // namespace sallyport::storage
