#include "sso/ldap/directory.h"

#include <algorithm>

namespace sallyport::sso::ldap {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr const char* kRefused = "the LDAP server refuses bind_dn";

const LdapAnswer& answer_of(const LdapAnswer& answer) { return answer; }
const LdapAnswer& answer_of(const SearchAnswer& answer) { return answer.answer; }

// The server itself says that another one should be asked.
bool is_away(const LdapAnswer& answer) { return answer.code == code::kBusy || answer.code == code::kUnavailable; }

// Or is there something to be had by asking elsewhere? A question that is none, or an answer that is too long, is so
// everywhere.
template <class Answer>
bool is_answered(const Result<Answer>& answer, const Connection& connection) {
  if (!answer) return !connection.is_broken() || answer.error().code == Code::kLimit;
  return !is_away(answer_of(*answer));
}

}  // namespace

Directory::Directory(policy::LdapSettings settings, std::vector<LdapUrl> servers, std::unique_ptr<Opener> opener,
                     const Clock& clock)
    : settings_(std::move(settings)),
      servers_(std::move(servers)),
      opener_(std::move(opener)),
      clock_(clock),
      order_(servers_.size()) {}

Result<std::unique_ptr<Directory>> Directory::make(policy::LdapSettings settings, policy::ProviderNetwork network,
                                                   HostLookup& lookup, const Clock& clock) {
  if (settings.urls.empty()) return malformed(Side::kSelf, "no LDAP server");
  std::vector<LdapUrl> servers;
  for (const std::string& text : settings.urls) {
    TRY(LdapUrl url, parse_ldap_url(text));
    servers.push_back(std::move(url));
  }
  TRY(auto opener, Opener::make(settings, std::move(network), lookup));
  return std::unique_ptr<Directory>(new Directory(std::move(settings), std::move(servers), std::move(opener), clock));
}

// --- connections that are kept

std::optional<Directory::Kept> Directory::take(Purpose purpose) {
  close_idle();
  const std::lock_guard lock(mutex_);
  for (size_t at = kept_.size(); at-- > 0;) {  // the one used last
    if (kept_[at].purpose != purpose) continue;
    Kept out = std::move(kept_[at]);
    kept_.erase(kept_.begin() + static_cast<ptrdiff_t>(at));
    if (out.connection->is_quiet()) return out;
  }
  return std::nullopt;
}

void Directory::keep(Kept kept) {
  if (kept.connection->is_broken()) return;
  kept.used = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  if (kept_.size() >= kConnectionsKeptMax) kept_.erase(kept_.begin());
  kept_.push_back(std::move(kept));
}

void Directory::close_idle() {
  const Monotonic now = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_, [now](const Kept& kept) {
    return now - kept.used >= kIdleConnectionKept || now - kept.opened >= kConnectionLife;
  });
}

size_t Directory::connections_kept() const {
  const std::lock_guard lock(mutex_);
  return kept_.size();
}

// --- bind_dn refused

bool Directory::is_refused(Purpose purpose, Checks& checks) const {
  const std::lock_guard lock(mutex_);
  const bool refused = purpose == Purpose::kSearch && refused_at_ && clock_.monotonic() - *refused_at_ < kRefusedAgain;
  if (refused) checks.add(false, "bind as bind_dn", "success (0)", "refused less than 5 minutes ago");
  return refused;
}

void Directory::refused() {
  const std::lock_guard lock(mutex_);
  refused_at_ = clock_.monotonic();
}

// --- which server

std::vector<size_t> Directory::order() const {
  const std::lock_guard lock(mutex_);
  return order_.at(clock_.monotonic());
}

void Directory::failed(size_t server) {
  const std::lock_guard lock(mutex_);
  order_.failed(server, clock_.monotonic());
}

void Directory::worked(size_t server) {
  const std::lock_guard lock(mutex_);
  order_.worked(server);
}

Monotonic Directory::soon(Monotonic until) const {
  return std::min(until, std::chrono::steady_clock::now() + settings_.timeout);
}

Result<Opened> Directory::open_for_search(size_t server, const SecretBytes& bind_password, Monotonic until,
                                          Checks& checks) const {
  TRY(Opened opened, opener_->open(servers_[server], soon(until), checks));
  if (settings_.bind_dn.empty()) return opened;
  const auto bound = opened.connection->bind(settings_.bind_dn, bind_password, soon(until));
  // That the gateway itself is refused is said as it is: another server would not answer otherwise.
  const bool refused =
      bound ? bound->code != code::kSuccess && !is_away(*bound) : bound.error().code == Code::kMalformed;
  const Error error = refused ? Error{Code::kUnauthenticated, kFrom, kRefused}
                      : bound ? Error{Code::kUnavailable, kFrom, "the LDAP server is busy"}
                              : bound.error();
  CHECKED(checks.require(bound && bound->code == code::kSuccess, "bind as bind_dn", "success (0)",
                         bound ? describe(*bound) : bound.error().what, error));
  return opened;
}

Result<Directory::Kept> Directory::open(Purpose purpose, size_t server, const SecretBytes& bind_password,
                                        Monotonic until, Checks& checks) {
  TRY(Opened opened, purpose == Purpose::kSearch ? open_for_search(server, bind_password, until, checks)
                                                 : opener_->open(servers_[server], soon(until), checks));
  const Monotonic now = clock_.monotonic();
  return Kept{purpose, server, now, now, std::move(opened.connection)};
}

template <class Answer, class Ask>
Result<Answer> Directory::ask(Purpose purpose, const SecretBytes& bind_password, Monotonic until, Checks& checks,
                              Ask question) {
  if (std::optional<Kept> kept = take(purpose)) {
    Result<Answer> answer = question(*kept->connection, soon(until));
    if (is_answered(answer, *kept->connection)) {
      checks.add(true, "connection", "an LDAP server", "kept, to " + servers_[kept->server].to_string());
      keep(*std::move(kept));
      return answer;
    }
  }

  if (is_refused(purpose, checks)) return fail(Code::kUnavailable, kFrom, kRefused);
  Error last{Code::kUnavailable, kFrom, "no LDAP server answers"};
  for (const size_t server : order()) {
    if (std::chrono::steady_clock::now() >= until) {
      last = {Code::kUnavailable, kFrom, "the LDAP servers do not answer in time"};
      checks.add(false, "time", "an answer in time", "none");
      break;
    }
    Result<Kept> opened = open(purpose, server, bind_password, until, checks);
    if (!opened) {
      failed(server);
      last = opened.error();
      if (last.code == Code::kUnauthenticated) {
        refused();
        break;
      }
      continue;
    }
    Result<Answer> answer = question(*opened->connection, soon(until));
    if (is_answered(answer, *opened->connection)) {
      worked(server);
      keep(*std::move(opened));
      return answer;
    }
    failed(server);
    last = answer ? Error{Code::kUnavailable, kFrom, "the LDAP server is busy"} : answer.error();
    checks.add(false, "answer", "one of " + servers_[server].to_string(), last.what);
  }
  return fail(Code::kUnavailable, last.side, last.what);
}

Result<SearchAnswer> Directory::search(const SearchRequest& request, const SecretBytes& bind_password, Monotonic until,
                                       Checks& checks) {
  return ask<SearchAnswer>(Purpose::kSearch, bind_password, until, checks,
                           [&](Connection& connection, Monotonic soon) { return connection.search(request, soon); });
}

Result<LdapAnswer> Directory::bind_as(const std::string& dn, const SecretBytes& password, Monotonic until,
                                      Checks& checks) {
  if (dn.empty() || !has_content(password))
    return malformed(Side::kSelf, "a bind without a name and a password is not made");
  const SecretBytes none;
  return ask<LdapAnswer>(Purpose::kPeople, none, until, checks,
                         [&](Connection& connection, Monotonic soon) { return connection.bind(dn, password, soon); });
}

}  // namespace sallyport::sso::ldap
