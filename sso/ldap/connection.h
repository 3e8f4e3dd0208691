// One LDAP connection (RFC 4511, version 3) over a Channel: the only file that knows libldap. Nothing is chased,
// nothing is connected to from in here, and a bind without a password is not made (RFC 4513 s5.1.2). One thread at a
// time.
#pragma once

#include <memory>
#include <string>

#include "base/secret.h"
#include "sso/ldap/channel.h"
#include "sso/ldap/entry.h"

namespace sallyport::sso::ldap {

constexpr size_t kMessageBytesMax = size_t{4} << 20;  // of one of the server's
constexpr size_t kAnswerBytesMax = size_t{8} << 20;   // of all that answer one question

// Is there a byte in it that is not zero? What has none is no password to some servers.
bool has_content(const SecretBytes& password);

class Connection {
 public:
  // errors of all: kUnavailable the wire or the server, kLimit an answer that is too long: then it is_broken(). And
  // others as they are said below, which leave it whole. `until` bounds the whole exchange.
  static Result<std::unique_ptr<Connection>> over(std::unique_ptr<Channel> channel);
  ~Connection();  // says goodbye, if that does not wait
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Asks for TLS (RFC 4511 s4.14), and starts it.
  Result<TlsFacts> upgrade(const TlsContext& context, const std::string& server, Monotonic until);
  // errors: kMalformed no DN, no password.
  Result<LdapAnswer> bind(const std::string& dn, const SecretBytes& password, Monotonic until);
  // errors: kMalformed a filter that is none, a NUL.
  Result<SearchAnswer> search(const SearchRequest& request, Monotonic until);

  bool is_broken() const;
  // Nothing has come unasked, not even the end.
  bool is_quiet() const;

 private:
  struct Inside;
  explicit Connection(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace sallyport::sso::ldap
