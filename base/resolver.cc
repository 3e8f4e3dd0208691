#include "base/resolver.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace sallyport {
namespace {

using std::chrono::seconds;
using Addresses = std::vector<IpAddress>;

constexpr seconds kKeepMin{1};
constexpr seconds kKeepMax{300};
constexpr seconds kKeepFailure{5};
constexpr size_t kNameBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_character(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_'; }

// Hashes and compares without regard to case, so that a look-up needs no copy.
struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view name) const {
    uint64_t out = 0xcbf29ce484222325;  // FNV-1a; the names come from the configuration
    for (const char c : name) out = (out ^ static_cast<uint8_t>(lower(c))) * 0x100000001b3;
    return out;
  }
};
struct NameEqual {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
  }
};

// The labels of a lower-case name without its final dot.
bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) return false;
  std::string_view label;
  for (size_t begin = 0; begin <= name.size(); begin += label.size() + 1) {
    label = name.substr(begin, name.find('.', begin) - begin);
    if (label.empty() || label.size() > kLabelBytesMax || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label, is_name_character)) return false;
  }
  // "127.1", "0x7f000001" and the like: other programs take them for addresses, so nobody may answer for them as names.
  return !std::ranges::all_of(label, is_digit) && !label.starts_with("0x");
}

bool is_localhost(std::string_view name) { return name == "localhost" || name.ends_with(".localhost"); }

Addresses loopback() {
  std::array<uint8_t, 16> six{};
  six[15] = 1;
  return {IpAddress::v4({127, 0, 0, 1}), IpAddress::v6(six)};
}

// Somebody who waits for a name. Destroying it takes it out of whichever ring it is in.
struct Waiter {
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { leave(); }
  void leave() {
    next->prev = prev;
    prev->next = next;
    next = prev = this;
  }
  void join(Waiter& ring) {
    leave();
    prev = ring.prev;
    next = &ring;
    ring.prev->next = this;
    ring.prev = this;
  }
  bool alone() const { return next == this; }

  Waiter* next = this;
  Waiter* prev = this;
  std::optional<Result<Addresses>> result;
  WaitSlot slot;
};

}  // namespace

struct Resolver::Inside final : private Deferred {
  struct Name final : DnsQuery {
    explicit Name(Inside& inside) : owner(inside) {}
    void on_answer(DnsAnswer answer) override { owner.answered(*this, std::move(answer)); }
    Result<Addresses> result() const {
      if (error) return std::unexpected(*error);
      return addresses;
    }

    Inside& owner;
    std::optional<Error> error;
    Addresses addresses;
    Monotonic until{};
    bool asking = false;
    Waiter waiting;  // a ring
  };

  Inside(Loop& home, DnsOptions options)
      : loop(home), channel(std::make_unique<DnsChannel>(home, std::move(options))) {}
  ~Inside() {
    if (gone != nullptr) *gone = true;
    empty(ready);
    for (auto& [text, name] : names) empty(name->waiting);
  }
  static void empty(Waiter& ring) {
    while (!ring.alone()) ring.next->leave();
  }

  // The name's entry, new if need be; null when all are being asked for.
  Name* entry(const std::string& host) {
    if (const auto it = names.find(host); it != names.end()) return it->second.get();
    if (names.size() >= kResolverNamesMax && !forget_one()) return nullptr;
    return names.emplace(host, std::make_unique<Name>(*this)).first->second.get();
  }
  bool forget_one() {
    auto oldest = names.end();
    for (auto it = names.begin(); it != names.end(); ++it)
      if (!it->second->asking && (oldest == names.end() || it->second->until < oldest->second->until)) oldest = it;
    if (oldest == names.end()) return false;
    names.erase(oldest);
    return true;
  }

  void answered(Name& name, DnsAnswer answer) {
    name.asking = false;
    name.error = answer.error;
    name.addresses = std::move(answer.addresses);
    name.until = loop.now() + (name.error ? kKeepFailure : std::clamp(answer.ttl, kKeepMin, kKeepMax));
    while (!name.waiting.alone()) {
      Waiter& waiter = *name.waiting.next;
      waiter.result = name.result();
      waiter.join(ready);
    }
    if (!ready.alone()) loop.defer(*this);
  }

  void use_servers(const std::vector<Endpoint>& servers) {
    DnsOptions options = channel->options();
    options.servers = servers;
    std::erase_if(old_channels, [](const auto& each) { return each->under_way() == 0; });
    old_channels.push_back(std::exchange(channel, std::make_unique<DnsChannel>(loop, std::move(options))));
    std::erase_if(names, [](const auto& entry) { return !entry.second->asking; });
  }

  // Whoever is resumed may destroy the tasks of others, ask again, or destroy the resolver.
  void run_deferred() override {
    bool is_gone = false;
    gone = &is_gone;
    while (!is_gone && !ready.alone()) {
      Waiter& waiter = *ready.next;
      waiter.leave();
      waiter.slot.wake();
    }
    if (!is_gone) gone = nullptr;
  }

  Loop& loop;
  std::unordered_map<std::string, std::unique_ptr<Name>, NameHash, NameEqual> names;
  Waiter ready;  // a ring: answered, to be resumed at the end of this turn
  bool* gone = nullptr;
  const Addresses local = loopback();
  std::vector<std::unique_ptr<DnsChannel>> old_channels;  // until their last answer is here
  std::unique_ptr<DnsChannel> channel;                    // last: they answer into the others
};

Resolver::Resolver(Loop& loop, DnsOptions options) : inside_(std::make_unique<Inside>(loop, std::move(options))) {}
Resolver::~Resolver() = default;

const Addresses* Resolver::cached(std::string_view host, Monotonic now) const {
  if (const auto it = inside_->names.find(host); it != inside_->names.end()) {
    const Inside::Name& name = *it->second;
    return name.asking || name.error || name.until <= now ? nullptr : &name.addresses;
  }
  constexpr std::string_view kLocalhost = "localhost";
  const bool local = host.size() >= kLocalhost.size() &&
                     NameEqual()(host.substr(host.size() - kLocalhost.size()), kLocalhost) &&
                     (host.size() == kLocalhost.size() || host[host.size() - kLocalhost.size() - 1] == '.');
  return local ? &inside_->local : nullptr;
}

void Resolver::use_servers(const std::vector<Endpoint>& servers) { inside_->use_servers(servers); }

Task<Result<Addresses>> Resolver::resolve(std::string host) {
  std::ranges::transform(host, host.begin(), lower);
  if (host.ends_with('.')) host.pop_back();
  const auto literal = IpAddress::parse(host);
  if (!literal && !is_host_name(host)) co_return malformed(Side::kUpstream, "not a host name");
  if (is_localhost(host)) co_return inside_->local;
  Inside::Name* const name = inside_->entry(host);
  if (name == nullptr) co_return fail(Code::kLimit, Side::kSelf, "too many names are being resolved");
  if (literal) {
    name->addresses = {*literal};
    name->until = inside_->loop.now() + kKeepMax;
    co_return name->addresses;
  }
  if (!name->asking && name->until <= inside_->loop.now()) {
    name->asking = true;
    inside_->channel->ask(host, *name);
  }
  if (!name->asking) co_return name->result();
  Waiter waiter;
  waiter.join(name->waiting);
  auto resumed = waiter.slot.wait();
  co_await resumed;
  co_return *std::move(waiter.result);
}

}  // namespace sallyport
