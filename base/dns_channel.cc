#include "base/dns_channel.h"

#include <ares.h>
#include <netdb.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

namespace sallyport {
namespace {

constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr size_t kAddressesMax = 64;  // of one name

std::vector<IpAddress> in_turn(const std::vector<IpAddress>& v6, const std::vector<IpAddress>& v4) {
  std::vector<IpAddress> out;
  for (size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) out.push_back(v6[i]);
    if (i < v4.size()) out.push_back(v4[i]);
  }
  return out;
}

DnsAnswer read_answer(int status, const ares_addrinfo* info) {
  DnsAnswer out;
  std::vector<IpAddress> v4;
  std::vector<IpAddress> v6;
  int ttl = INT_MAX;
  const ares_addrinfo_node* node = status == ARES_SUCCESS && info != nullptr ? info->nodes : nullptr;
  for (; node != nullptr && v4.size() + v6.size() < kAddressesMax; node = node->ai_next) {
    SocketAddress address;
    if (node->ai_addrlen > sizeof address.storage) continue;
    std::memcpy(&address.storage, node->ai_addr, node->ai_addrlen);
    address.length = node->ai_addrlen;
    const IpAddress ip = address.endpoint().address;
    auto& list = ip.is_v4() ? v4 : v6;
    if (std::ranges::find(list, ip) == list.end()) list.push_back(ip);
    ttl = std::min(ttl, node->ai_ttl);
  }
  out.addresses = in_turn(v6, v4);
  if (!out.addresses.empty()) {
    for (const auto* alias = info->cnames; alias != nullptr; alias = alias->next) ttl = std::min(ttl, alias->ttl);
    out.ttl = std::chrono::seconds(std::max(0, ttl));  // RFC 2181 s8: a negative TTL counts as zero
  } else if (status == ARES_SUCCESS || status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_EBADNAME) {
    out.error = Error{Code::kNotFound, Side::kUpstream, "the name has no address"};
  } else {
    out.error = Error{Code::kUnavailable, Side::kUpstream, "no name server answered"};
  }
  return out;
}

// When and which file: a new resolv.conf (another network, a restarted container) is a new stamp.
struct FileStamp {
  ino_t inode = 0;
  timespec changed{};
  static FileStamp of(const char* path) {
    struct stat status{};
    return ::stat(path, &status) == 0 ? FileStamp{status.st_ino, status.st_mtim} : FileStamp{};
  }
  bool operator==(const FileStamp& other) const {
    return inode == other.inode && changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec;
  }
};

}  // namespace

struct DnsChannel::Inside final : private Timer, private Deferred {
  struct Question {
    Inside& owner;
    DnsQuery& query;
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

  Inside(Loop& home, DnsOptions given) : loop(home), options(std::move(given)) {
    [[maybe_unused]] static const int ready = ares_library_init(ARES_LIB_INIT_ALL);
    open();
  }
  ~Inside() { close(); }

  void open() {
    std::string lookups = options.servers.empty() ? "fb" : "b";  // the hosts file, then DNS
    ares_options set{};
    set.timeout = static_cast<int>(options.timeout.count());
    set.tries = options.tries;
    set.lookups = lookups.data();
    set.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<Inside*>(self)->watch(fd, {readable != 0, writable != 0});
    };
    set.sock_state_cb_data = this;
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    if (!options.servers.empty()) mask |= ARES_OPT_DOMAINS;  // none: a name is asked for as it is written
    stamp = FileStamp::of(kResolvConf);
    if (ares_init_options(&channel, &set, mask) != ARES_SUCCESS) channel = nullptr;
    if (channel == nullptr || options.servers.empty()) return;
    std::string list;
    for (const Endpoint& server : options.servers) list += (list.empty() ? "" : ",") + server.to_string();
    if (ares_set_servers_ports_csv(channel, list.c_str()) != ARES_SUCCESS) close();
  }

  void close() {
    closing = true;
    if (channel != nullptr) ares_destroy(std::exchange(channel, nullptr));
    closing = false;
  }

  void ask(const std::string& host, DnsQuery& query) {
    // c-ares reads the file once; with nothing under way it can begin anew.
    if (options.servers.empty() && under_way == 0 && FileStamp::of(kResolvConf) != stamp) close();
    if (channel == nullptr) open();
    if (channel == nullptr) return query.on_answer(read_answer(ARES_ENOTINITIALIZED, nullptr));
    ares_addrinfo_hints hints{};
    hints.ai_flags = ARES_AI_NOSORT;
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ++under_way;
    ares_getaddrinfo(channel, host.c_str(), nullptr, &hints, answered,
                     std::make_unique<Question>(*this, query).release());  // answered() owns it, exactly once
    keep_time();
  }

  static void answered(void* argument, int status, int, ares_addrinfo* info) {
    const std::unique_ptr<Question> question(static_cast<Question*>(argument));
    const CHandle<ares_addrinfo, ares_freeaddrinfo> owned(info);
    --question->owner.under_way;
    if (!question->owner.closing) question->query.on_answer(read_answer(status, info));
  }

  // c-ares says what it wants of a socket; nothing means that it is about to close it.
  void watch(int fd, SocketInterest interest) {
    auto& slot = watched[fd];
    if (slot) slot->event.reset();
    if (!interest.read && !interest.write) {
      if (slot) buried.push_back(std::move(slot));  // perhaps its on_io() is on the stack
      watched.erase(fd);
      loop.defer(*this);
      return;
    }
    if (!slot) slot = std::make_unique<Watched>(*this, fd);
    slot->event.emplace(loop, fd, interest, *slot);
  }

  void process(int read_fd, int write_fd) {
    if (channel == nullptr) return;
    ares_process_fd(channel, read_fd, write_fd);
    keep_time();
  }

  // c-ares looks at its own timeouts whenever it is called: once per tick while something is under way.
  void keep_time() {
    if (under_way == 0) return TimerWheel::clear(*this);
    loop.timers().set(*this, TimerWheel::kTick);
  }
  void expired() override { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }
  void run_deferred() override { buried.clear(); }

  Loop& loop;
  const DnsOptions options;
  ares_channel channel = nullptr;
  FileStamp stamp;
  size_t under_way = 0;
  bool closing = false;
  std::unordered_map<int, std::unique_ptr<Watched>> watched;
  std::vector<std::unique_ptr<Watched>> buried;
};

DnsChannel::DnsChannel(Loop& loop, DnsOptions options) : inside_(std::make_unique<Inside>(loop, std::move(options))) {}
DnsChannel::~DnsChannel() = default;

size_t DnsChannel::under_way() const { return inside_->under_way; }
const DnsOptions& DnsChannel::options() const { return inside_->options; }
void DnsChannel::ask(const std::string& host, DnsQuery& query) { inside_->ask(host, query); }

}  // namespace sallyport
