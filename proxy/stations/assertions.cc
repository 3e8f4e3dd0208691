#include "proxy/stations/assertions.h"

#include "base/http/field.h"

namespace sallyport::proxy {

// Record ids are random: their first words are uniform already.
size_t Assertions::AboutHash::operator()(const About& about) const {
  constexpr size_t kOdd = 0x9e3779b97f4a7c15;
  size_t out = RecordIdHash{}(about.user);
  out = out * kOdd + RecordIdHash{}(about.resource);
  out = out * kOdd + about.user_version;
  out = out * kOdd + about.resource_version;
  return out * kOdd + static_cast<size_t>(about.role);
}

void Assertions::adopt(std::shared_ptr<const sso::AssertionKeys> keys) {
  keys_ = std::move(keys);
  places_.clear();
  entries_.clear();
}

// The entry for `about`, new or old, at the end of the line.
Assertions::Entries::iterator Assertions::renew(const About& about) {
  const auto place = places_.find(about);
  if (place != places_.end()) {
    entries_.splice(entries_.end(), entries_, place->second);
    return place->second;
  }
  if (entries_.size() >= kEntriesMax) {
    places_.erase(entries_.front().about);
    entries_.pop_front();
  }
  const auto made = entries_.insert(entries_.end(), Entry{.about = about, .host = {}, .signed_at = {}, .line = {}});
  places_.emplace(about, made);
  return made;
}

std::string_view Assertions::line(const policy::CompiledUser& user, const policy::CompiledResource& resource,
                                  policy::Role role, std::string_view host, WallMicros now) {
  const About about{.user = user.id,
                    .resource = resource.id,
                    .user_version = user.version,
                    .resource_version = resource.version,
                    .role = role};
  if (const auto place = places_.find(about); place != places_.end()) {
    const Entry& kept = *place->second;
    // A clock that was set back makes no token of the future.
    if (kept.host == host && kept.signed_at <= now && now < kept.signed_at + kUsedAgain) return kept.line;
  }
  Entry& entry = *renew(about);
  entry.host = host;
  entry.signed_at = now;
  entry.line.clear();
  http::append_field_line(entry.line, "X-Sallyport-Jwt-Assertion",
                          keys_->sign({.audience = host,
                                       .user = user.name,
                                       .user_id = user.id,
                                       .email = user.email,
                                       .role = policy::to_string(role),
                                       .resource = resource.name},
                                      now));
  return entry.line;
}

}  // namespace sallyport::proxy
