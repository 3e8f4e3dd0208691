#include "sso/ldap/ldap_check.h"

#include <algorithm>

#include "sso/ldap/filter.h"

namespace sallyport::sso::ldap {
namespace {

constexpr Error kNotThere{Code::kUnavailable, Side::kIdentityProvider, "the directory does not answer as it should"};
constexpr std::string_view kNobody = "sallyport-looks-whether-this-is-a-filter";

// The search comes back with success, and finds at least so many.
Result<void> finds(Connection& connection, const SearchRequest& request, size_t least, Monotonic until,
                   const char* name, std::string_view wanted, Checks& checks) {
  const auto found = connection.search(request, until);
  if (!found) return std::unexpected(checks.note(name, wanted, found).error());
  const bool good = (found->answer.code == code::kSuccess || found->more) && found->entries.size() >= least;
  return checks.require(
      good, name, wanted,
      found->answer.code == code::kSuccess && !good ? "nothing that bind_dn may see" : describe(found->answer),
      kNotThere);
}

Result<void> look_at(const Directory& directory, size_t at, const SecretBytes& bind_password,
                     LdapHealth::Server& server) {
  const policy::LdapSettings& settings = directory.settings();
  const Monotonic until = std::chrono::steady_clock::now() + 2 * settings.timeout;
  TRY(const Opened opened, directory.open_for_search(at, bind_password, until, server.checks));
  if (opened.tls) server.certificate_ends = opened.tls->certificate_ends;
  Connection& connection = *opened.connection;
  CHECKED(finds(connection, {settings.base_dn, true, "(objectClass=*)", {"1.1"}, 1}, 1, until, "base_dn",
                settings.base_dn, server.checks));
  CHECKED(finds(connection,
                {settings.base_dn, false, fill_filter(settings.user_filter, kUserPlace, kNobody), {"1.1"}, 1}, 0, until,
                "user_filter", settings.user_filter, server.checks));
  if (settings.groups_dn.empty()) return {};
  CHECKED(finds(connection, {settings.groups_dn, true, "(objectClass=*)", {"1.1"}, 1}, 1, until, "groups_dn",
                settings.groups_dn, server.checks));
  return finds(connection,
               {settings.groups_dn,
                false,
                fill_filter(fill_filter(settings.group_filter, kDnPlace, settings.base_dn), kUserPlace, kNobody),
                {"1.1"},
                1},
               0, until, "group_filter", settings.group_filter, server.checks);
}

}  // namespace

bool LdapHealth::passed() const { return std::ranges::all_of(servers, &Server::passed); }

LdapHealth ldap_check(Directory& directory, const SecretBytes& bind_password) {
  LdapHealth out;
  for (size_t at = 0; at < directory.servers().size(); ++at) {
    LdapHealth::Server& server = out.servers.emplace_back();
    server.url = directory.servers()[at].to_string();
    server.passed = look_at(directory, at, bind_password, server).has_value();
  }
  return out;
}

}  // namespace sallyport::sso::ldap
