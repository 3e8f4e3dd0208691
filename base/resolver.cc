#include "base/resolver.h"

#include <ares.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace sallyport {
namespace {

using std::chrono::seconds;

constexpr seconds kKeepMin{1};
constexpr seconds kKeepMax{300};
constexpr seconds kKeepFailure{5};
constexpr int kTryMilliseconds = 2000;
constexpr int kTries = 3;

bool is_localhost(std::string_view host) { return host == "localhost" || host.ends_with(".localhost"); }

// v6, v4, v6, v4, ... each family in the order it came.
std::vector<IpAddress> interleaved(const std::vector<IpAddress>& v6, const std::vector<IpAddress>& v4) {
  std::vector<IpAddress> out;
  for (size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) out.push_back(v6[i]);
    if (i < v4.size()) out.push_back(v4[i]);
  }
  return out;
}

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

}  // namespace

struct Resolver::Inside final : private Timer, private Deferred {
  // One name: its answer, or those who wait for it.
  struct Waiter {
    WaitSlot slot;
  };
  struct Name {
    Inside* owner = nullptr;
    std::optional<Error> error;
    std::vector<IpAddress> addresses;
    Monotonic until;
    bool asking = false;
    std::list<Waiter*> waiters;
  };
  struct Watched final : IoHandler {
    Watched(Inside& inside, int socket) : owner(inside), fd(socket) {}
    void on_io(IoReady ready) override {
      owner.process(ready.readable ? fd : ARES_SOCKET_BAD, ready.writable ? fd : ARES_SOCKET_BAD);
    }
    Inside& owner;
    const int fd;
    std::optional<SocketEvent> event;
  };

  Inside(Loop& home, const std::vector<Endpoint>& servers) : loop(home) {
    static const int ready = ares_library_init(ARES_LIB_INIT_ALL);
    static_cast<void>(ready);
    ares_options options{};
    options.timeout = kTryMilliseconds;
    options.tries = kTries;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<Inside*>(self)->watch(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    char dns_only[] = "b";
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    if (!servers.empty()) {
      options.lookups = dns_only;
      mask |= ARES_OPT_LOOKUPS;
    }
    if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS) channel = nullptr;
    if (channel != nullptr && !servers.empty()) {
      std::string csv;
      for (const Endpoint& server : servers) csv += (csv.empty() ? "" : ",") + server.to_string();
      ares_set_servers_ports_csv(channel, csv.c_str());
    }
  }

  ~Inside() {
    if (channel != nullptr) ares_destroy(channel);  // every query under way ends through answered()
    for (auto& [text, name] : names)
      for (Waiter* waiter : std::exchange(name->waiters, {})) waiter->slot.wake();
  }

  void watch(int fd, bool readable, bool writable) {
    if (!readable && !writable) {
      const auto it = watched.find(fd);
      if (it == watched.end()) return;
      it->second->event.reset();
      buried.push_back(std::move(it->second));  // perhaps we are inside its callback
      watched.erase(it);
      loop.defer(*this);
      return;
    }
    auto& slot = watched[fd];
    if (!slot) slot = std::make_unique<Watched>(*this, fd);
    slot->event.reset();
    slot->event.emplace(loop, fd, SocketInterest{readable, writable}, *slot);
  }

  void process(int read_fd, int write_fd) {
    ares_process_fd(channel, read_fd, write_fd);
    schedule();
  }

  void schedule() {
    if (asking == 0) return TimerWheel::clear(*this);
    loop.timers().set(*this, TimerWheel::kTick);
  }

  void expired() override { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }

  void run_deferred() override { buried.clear(); }

  Name& name_of(const std::string& host) {
    if (names.size() >= kResolverNamesMax) {
      const Monotonic now = loop.now();
      std::erase_if(names, [&](const auto& one) {
        return !one.second->asking && one.second->waiters.empty() && one.second->until <= now;
      });
      if (names.size() >= kResolverNamesMax)
        std::erase_if(names, [](const auto& one) { return !one.second->asking && one.second->waiters.empty(); });
    }
    auto& slot = names[host];
    if (!slot) {
      slot = std::make_unique<Name>();
      slot->owner = this;
    }
    return *slot;
  }

  void ask(Name& name, const std::string& host) {
    name.asking = true;
    ++asking;
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel, host.c_str(), nullptr, &hints, answered, &name);
    schedule();
  }

  static void answered(void* argument, int status, int, ares_addrinfo* info) {
    Name& name = *static_cast<Name*>(argument);
    Inside& self = *name.owner;
    name.asking = false;
    --self.asking;
    name.error.reset();
    name.addresses.clear();
    seconds keep = kKeepFailure;
    if (status == ARES_SUCCESS && info != nullptr) {
      std::vector<IpAddress> v4;
      std::vector<IpAddress> v6;
      int ttl = static_cast<int>(kKeepMax.count());
      for (const ares_addrinfo_node* node = info->nodes; node != nullptr; node = node->ai_next) {
        SocketAddress address;
        if (node->ai_addrlen > sizeof address.storage) continue;
        std::memcpy(&address.storage, node->ai_addr, node->ai_addrlen);
        address.length = node->ai_addrlen;
        const IpAddress ip = address.endpoint().address;
        auto& list = ip.is_v4() ? v4 : v6;
        if (std::ranges::find(list, ip) == list.end()) list.push_back(ip);
        ttl = std::min(ttl, node->ai_ttl);
      }
      name.addresses = interleaved(v6, v4);
      keep = std::clamp(seconds(ttl), kKeepMin, kKeepMax);
    }
    if (info != nullptr) ares_freeaddrinfo(info);
    if (name.addresses.empty()) {
      const bool absent = status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA ||
                          status == ARES_EBADNAME;
      name.error = absent ? Error{Code::kNotFound, Side::kUpstream, "the name has no address"}
                          : Error{Code::kUnavailable, Side::kUpstream, "no name server answered"};
    }
    name.until = self.loop.now() + keep;
    for (Waiter* waiter : std::exchange(name.waiters, {})) waiter->slot.wake();
  }

  Loop& loop;
  ares_channel channel = nullptr;
  size_t asking = 0;
  std::unordered_map<std::string, std::unique_ptr<Name>, StringHash, std::equal_to<>> names;
  std::unordered_map<int, std::unique_ptr<Watched>> watched;
  std::vector<std::unique_ptr<Watched>> buried;
};

Resolver::Resolver(Loop& loop, const std::vector<Endpoint>& servers) : inside_(std::make_unique<Inside>(loop, servers)) {}
Resolver::~Resolver() = default;

const std::vector<IpAddress>* Resolver::cached(std::string_view host, Monotonic now) const {
  const auto it = inside_->names.find(host);
  if (it == inside_->names.end()) return nullptr;
  const Inside::Name& name = *it->second;
  return name.asking || name.addresses.empty() || name.until <= now ? nullptr : &name.addresses;
}

Task<Result<std::vector<IpAddress>>> Resolver::resolve(std::string host) {
  if (const auto literal = IpAddress::parse(host)) co_return std::vector<IpAddress>{*literal};
  if (is_localhost(host)) {
    std::array<uint8_t, 16> six{};
    six[15] = 1;
    co_return std::vector<IpAddress>{IpAddress::v4({127, 0, 0, 1}), IpAddress::v6(six)};
  }
  if (inside_->channel == nullptr) co_return fail(Code::kUnavailable, Side::kSelf, "the resolver could not be started");
  Inside::Name& name = inside_->name_of(host);
  if (!name.asking && name.until <= inside_->loop.now()) inside_->ask(name, host);
  if (name.asking) {
    Inside::Waiter waiter;
    struct Registered {  // a cancelled look-up leaves the list
      std::list<Inside::Waiter*>& list;
      Inside::Waiter* waiter;
      ~Registered() { list.remove(waiter); }
    } registered{name.waiters, &waiter};
    name.waiters.push_back(&waiter);
    auto waiting = waiter.slot.wait();
    co_await waiting;
  }
  if (name.error) co_return std::unexpected(*name.error);
  if (name.addresses.empty()) co_return fail(Code::kUnavailable, Side::kUpstream, "no name server answered");
  co_return name.addresses;
}

}  // namespace sallyport
