#include "sso/ldap/ldap_sign_in.h"

#include "sso/ldap/distinguished_name.h"
#include "sso/ldap/filter.h"
#include "sso/ldap/groups.h"
#include "sso/ldap/person.h"

namespace sallyport::sso::ldap {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr Error kWrong{Code::kDenied, Side::kClient, "wrong name or password"};
constexpr Error kTriedTooOften{Code::kLimit, Side::kClient, "too many wrong passwords for this entry"};
constexpr Error kNoName{Code::kMalformed, Side::kClient, "nobody has such a name"};

class SignIn {
 public:
  SignIn(Directory& directory, const policy::IdentityProvider& provider, const SecretBytes& bind_password,
         EntryAttempts attempts, Checks& checks)
      : directory_(directory),
        provider_(provider),
        bind_password_(bind_password),
        attempts_(std::move(attempts)),
        checks_(checks),
        until_(std::chrono::steady_clock::now() + kTimeoutsOfOneSignIn * directory.settings().timeout) {}

  Result<ExternalIdentity> by(std::string_view typed, const SecretBytes& password) {
    CHECKED(checks_.require(has_content(password), "password given", "one", has_content(password) ? "one" : "none",
                            kWrong));
    const bool fit = !typed.empty() && typed.size() <= kTypedNameBytesMax && typed.find('\0') == typed.npos;
    CHECKED(checks_.require(fit, "name", "1 to 256 bytes, no NUL", std::to_string(typed.size()) + " bytes", kNoName));
    TRY(const std::string dn, find(typed));
    CHECKED(prove(dn, password));
    TRY(const Entry person, read(dn));
    TRY(ExternalIdentity out, person_in(person, provider_.attributes, checks_));
    TRY(out.groups,
        groups_of(directory_, person, out.name, group_attribute(provider_), bind_password_, until_, checks_));
    return out;
  }

 private:
  Result<std::string> find(std::string_view typed) {
    const policy::LdapSettings& settings = directory_.settings();
    TRY(const SearchAnswer found,
        asked("search for the person",
              {settings.base_dn, false, fill_filter(settings.user_filter, kUserPlace, typed), {"1.1"}, 2}));
    const size_t entries = found.entries.size();
    CHECKED(checks_.require(entries == 1 && !found.more, "entries of that name", "exactly one",
                            entries > 1 || found.more ? "several" : std::to_string(entries), kWrong));
    CHECKED(checks_.demand(!found.entries.front().dn().empty(), "entry of that name", "one with a DN", "none", kWrong));
    return found.entries.front().dn();
  }

  Result<void> prove(const std::string& dn, const SecretBytes& password) {
    // The directory spells an entry in one way, so that case and spaces are all that could differ.
    const Sha256 entry = sha256(as_bytes(attempts_.whose + "\n" + spelling_of(dn)));
    const auto wait = attempts_.buckets.refuse_or_take(entry);
    CHECKED(checks_.require(!wait, "wrong passwords for this entry", "not too many lately",
                            wait ? "the next one in " + std::to_string(wait->count()) + " s" : "not too many",
                            kTriedTooOften));
    const auto bound = directory_.bind_as(dn, password, until_, checks_);
    if (!bound || bound->code == code::kSuccess) attempts_.buckets.give_back(entry);
    if (!bound) return std::unexpected(checks_.note("password", "the LDAP server's answer", bound).error());
    return checks_.require(bound->code == code::kSuccess, "password", "success (0)", describe(*bound), kWrong);
  }

  Result<Entry> read(const std::string& dn) {
    TRY(SearchAnswer found,
        asked("reading the person", {dn, true, "(objectClass=*)", wanted_attributes(provider_), 1}));
    CHECKED(checks_.demand(!found.entries.empty(), "reading the person", "an entry that bind_dn may read", "none",
                           {Code::kUnavailable, kFrom, "bind_dn may not read the person"}));
    return std::move(found.entries.front());
  }

  Result<SearchAnswer> asked(const char* check, const SearchRequest& request) {
    auto found = directory_.search(request, bind_password_, until_, checks_);
    if (!found) return checks_.note(check, "the LDAP server's answer", std::move(found));
    const bool good = found->answer.code == code::kSuccess || found->more;
    CHECKED(checks_.require(good, check, "success (0)", describe(found->answer),
                            {Code::kUnavailable, kFrom, "the directory refuses a search"}));
    return found;
  }

  Directory& directory_;
  const policy::IdentityProvider& provider_;
  const SecretBytes& bind_password_;
  const EntryAttempts attempts_;
  Checks& checks_;
  const Monotonic until_;
};

}  // namespace

LdapVerdict ldap_sign_in(Directory& directory, const policy::IdentityProvider& provider, std::string_view typed_user,
                         const SecretBytes& password, const SecretBytes& bind_password, EntryAttempts attempts) {
  Checks checks;
  auto identity = SignIn(directory, provider, bind_password, std::move(attempts), checks).by(typed_user, password);
  return {std::move(identity), std::move(checks)};
}

}  // namespace sallyport::sso::ldap
