// The directory of one provider: its servers, tried in order, and the connections to them that are kept. There are two
// kinds, and none is ever the other: those bound as bind_dn, over which is searched, and those on which people are
// bound, over which nothing else is said. Blocks: for threads of a BlockingPool, several at once.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sso/ldap/opener.h"
#include "sso/ldap/server_order.h"

namespace sallyport::sso::ldap {

constexpr std::chrono::seconds kIdleConnectionKept{60};
constexpr std::chrono::seconds kConnectionLife{600};  // so that a change at the server's counts here, too
constexpr size_t kConnectionsKeptMax = 8;
constexpr std::chrono::minutes kRefusedAgain{
    5};  // so that a wrong bind_password does not lock bind_dn at the directory

class Directory {
 public:
  // lookup and clock must outlive it; the clock says how long connections are kept, timeouts are real time. A change of
  // the provider or of its bind_password is another Directory.   errors: kMalformed a url, none, the authorities.
  static Result<std::unique_ptr<Directory>> make(policy::LdapSettings settings, policy::ProviderNetwork network,
                                                 HostLookup& lookup, const Clock& clock);

  const policy::LdapSettings& settings() const { return settings_; }
  const std::vector<LdapUrl>& servers() const { return servers_; }

  // Both ask the first server that answers; an answer is one whatever its code, except busy and unavailable. A kept
  // connection that turns out to be dead is replaced without a word, once. One server has settings().timeout for
  // getting there and as much for answering; all of them have until `until`. What was done is in `checks`, a question's
  // own outcome is not. errors: kUnavailable no server answers, or bind_dn is refused (then the next kRefusedAgain,
  // too, without asking); kLimit, kMalformed: see Connection.
  Result<SearchAnswer> search(const SearchRequest& request, const SecretBytes& bind_password, Monotonic until,
                              Checks& checks);
  Result<LdapAnswer> bind_as(const std::string& dn, const SecretBytes& password, Monotonic until, Checks& checks);

  // A new connection to that one of servers(), bound as bind_dn, not kept.
  Result<Opened> open_for_search(size_t server, const SecretBytes& bind_password, Monotonic until,
                                 Checks& checks) const;

  // Closes the connections that nobody used for kIdleConnectionKept. The others of this class do so, too.
  void close_idle();
  size_t connections_kept() const;

 private:
  enum class Purpose : uint8_t { kSearch, kPeople };
  struct Kept {
    Purpose purpose;
    size_t server;
    Monotonic opened;
    Monotonic used;
    std::unique_ptr<Connection> connection;
  };
  Directory(policy::LdapSettings settings, std::vector<LdapUrl> servers, std::unique_ptr<Opener> opener,
            const Clock& clock);
  std::optional<Kept> take(Purpose purpose);
  void keep(Kept kept);
  Result<Kept> open(Purpose purpose, size_t server, const SecretBytes& bind_password, Monotonic until, Checks& checks);
  bool is_refused(Purpose purpose, Checks& checks) const;
  void refused();
  std::vector<size_t> order() const;
  void failed(size_t server);
  void worked(size_t server);
  Monotonic soon(Monotonic until) const;
  template <class Answer, class Ask>
  Result<Answer> ask(Purpose purpose, const SecretBytes& bind_password, Monotonic until, Checks& checks, Ask question);

  const policy::LdapSettings settings_;
  const std::vector<LdapUrl> servers_;
  const std::unique_ptr<Opener> opener_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // for what follows
  ServerOrder order_;
  std::vector<Kept> kept_;
  std::optional<Monotonic> refused_at_;  // bind_dn, the last time
};

}  // namespace sallyport::sso::ldap
