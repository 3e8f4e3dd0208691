// What a directory answers, as values: result codes (RFC 4511 s4.1.9), entries, and the words for them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sso::ldap {

// Those that are told apart here.
namespace code {
constexpr int kSuccess = 0;
constexpr int kSizeLimitExceeded = 4;
constexpr int kNoSuchObject = 32;
constexpr int kInappropriateAuthentication = 48;
constexpr int kInvalidCredentials = 49;
constexpr int kBusy = 51;
constexpr int kUnavailable = 52;
}  // namespace code

struct LdapAnswer {
  int code = code::kSuccess;
  std::string said;  // the server's own words: may hold anything, names too; never shown
};

class Entry {
 public:
  explicit Entry(std::string dn) : dn_(std::move(dn)) {}
  void add(std::string_view attribute, std::vector<std::string> values);

  const std::string& dn() const { return dn_; }
  // Of that attribute in any case of letters; empty when it has none.
  const std::vector<std::string>& values(std::string_view attribute) const;
  // The server kept some of the values to itself ("member;range=0-1499" of Active Directory).
  bool is_partial(std::string_view attribute) const;

 private:
  std::string dn_;
  std::map<std::string, std::vector<std::string>> attributes_;  // by description, lower case
};

struct SearchRequest {
  std::string base;
  bool base_alone = false;  // else all that is below, too
  std::string filter;
  std::vector<std::string> attributes;  // never empty: {"1.1"} for none
  size_t entries_max = 1;
};

struct SearchAnswer {
  LdapAnswer answer;
  std::vector<Entry> entries;  // at most entries_max
  bool more = false;           // there are others
};

// "invalid credentials (49): the account is disabled". The second part is what Active Directory's number in `said`
// means.
std::string describe(const LdapAnswer& answer);

}  // namespace sallyport::sso::ldap
