// What the upstream is told about a person in signed form, ready to be written, kept per worker: a signature costs more
// than all the rest of a small request, and says the same for two minutes. Who forgets the oldest of many loses time,
// nothing else.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "policy/identity.h"
#include "policy/snapshot.h"
#include "sso/assertion_keys.h"

namespace sallyport::proxy {

class Assertions {
 public:
  static constexpr size_t kEntriesMax = 4096;           // about 900 bytes each
  static constexpr std::chrono::minutes kUsedAgain{2};  // of kAssertionLife: three minutes are left at the least

  explicit Assertions(std::shared_ptr<const sso::AssertionKeys> keys) : keys_(std::move(keys)) {}

  const std::shared_ptr<const sso::AssertionKeys>& keys() const { return keys_; }
  // What the key before has signed is not sent any more.
  void adopt(std::shared_ptr<const sso::AssertionKeys> keys);

  // The header's line with its CRLF, valid until the next call.   host: the one asked, lower case, without port.
  // cost: one look-up without allocation, or a signature (about 30 us).
  std::string_view line(const policy::CompiledUser& user, const policy::CompiledResource& resource, policy::Role role,
                        std::string_view host, WallMicros now);
  size_t size() const { return entries_.size(); }

 private:
  // Everything an assertion says follows from these, as of their versions, but for the host.
  struct About {
    UserId user;
    RecordId resource;
    uint64_t user_version;
    uint64_t resource_version;
    policy::Role role;
    friend bool operator==(const About&, const About&) = default;
  };
  struct AboutHash {
    size_t operator()(const About& about) const;
  };
  struct Entry {
    About about;
    std::string host;
    WallMicros signed_at{};
    std::string line;
  };
  using Entries = std::list<Entry>;

  Entries::iterator renew(const About& about);

  std::shared_ptr<const sso::AssertionKeys> keys_;
  Entries entries_;  // the longest signed first
  std::unordered_map<About, Entries::iterator, AboutHash> places_;
};

}  // namespace sallyport::proxy
