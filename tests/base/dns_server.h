// A small name server on 127.0.0.1 for tests, UDP and TCP, one thread: each name answers as the test has told it.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/ip.h"

namespace sallyport {

struct DnsRecord {
  std::string name;
  uint16_t type;  // 1 A, 5 CNAME, 28 AAAA
  uint32_t ttl;
  std::string data;  // an address, or the alias's target
};

struct DnsReply {
  enum class Kind : uint8_t { kAnswer, kSilence, kJunk, kForeignId, kForeignQuestion, kTruncated };
  Kind kind = Kind::kAnswer;
  int rcode = 0;
  std::vector<DnsRecord> records = {};
};

class DnsServer {
 public:
  DnsServer() {
    for (int i = 0; i < 50 && !tcp_; ++i) {  // a port that is free for the one may be taken for the other
      udp_ = bound(SOCK_DGRAM, 0);
      tcp_ = bound(SOCK_STREAM, endpoint().port);
    }
    if (!tcp_) std::abort();
    ::listen(tcp_.get(), 8);
    thread_ = std::thread([this] { work(); });
  }
  ~DnsServer() {
    const uint64_t one = 1;
    (void)!::write(stop_.get(), &one, sizeof one);
    thread_.join();
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  Endpoint endpoint() const {
    SocketAddress address;
    address.length = sizeof address.storage;
    ::getsockname(udp_.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.length);
    return address.endpoint();
  }
  // What the server says to questions of this name and type.
  void set(const std::string& name, uint16_t type, DnsReply reply) {
    const std::lock_guard held(mutex_);
    replies_[{name, type}] = std::move(reply);
  }
  void set_addresses(const std::string& name, const std::vector<std::string>& addresses, uint32_t ttl) {
    DnsReply a;
    DnsReply aaaa;
    for (const std::string& text : addresses) {
      const bool six = text.find(':') != text.npos;
      (six ? aaaa : a).records.push_back({name, static_cast<uint16_t>(six ? 28 : 1), ttl, text});
    }
    set(name, 1, a);
    set(name, 28, aaaa);
  }
  void set_both(const std::string& name, const DnsReply& reply) {
    set(name, 1, reply);
    set(name, 28, reply);
  }
  int asked(const std::string& name, uint16_t type = 1) {
    const std::lock_guard held(mutex_);
    return asked_[{name, type}];
  }
  int asked_by_tcp() const { return asked_by_tcp_; }

 private:
  // Empty: the port is taken.
  static Fd bound(int type, uint16_t port) {
    Fd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const SocketAddress address = SocketAddress::of({IpAddress::v4({127, 0, 0, 1}), port});
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0) return {};
    return fd;
  }

  static void put16(std::string& out, size_t value) {
    out += {static_cast<char>(value >> 8), static_cast<char>(value)};
  }
  static void put_name(std::string& out, const std::string& name) {
    for (size_t begin = 0; begin < name.size();) {
      const size_t end = std::min(name.find('.', begin), name.size());
      out += static_cast<char>(end - begin);
      out.append(name, begin, end - begin);
      begin = end + 1;
    }
    out += '\0';
  }
  static void put_record(std::string& out, const DnsRecord& record) {
    put_name(out, record.name);
    put16(out, record.type);
    put16(out, 1);
    put16(out, record.ttl >> 16);
    put16(out, record.ttl & 0xffff);
    std::string data;
    if (record.type == 5) {
      put_name(data, record.data);
    } else {
      data.resize(record.type == 1 ? 4 : 16);
      ::inet_pton(record.type == 1 ? AF_INET : AF_INET6, record.data.c_str(), data.data());
    }
    put16(out, data.size());
    out += data;
  }

  // The answer's bytes; empty for silence.
  std::string answer(const std::string& query, bool tcp) {
    if (query.size() < 17) return {};
    std::string name;
    size_t at = 12;
    while (at < query.size() && query[at] != 0) {
      const auto length = static_cast<size_t>(query[at]);
      name += (name.empty() ? "" : ".") + query.substr(at + 1, length);
      at += 1 + length;
    }
    if (at + 5 > query.size()) return {};
    const auto type =
        static_cast<uint16_t>(static_cast<uint8_t>(query[at + 1]) << 8 | static_cast<uint8_t>(query[at + 2]));
    const std::string question = query.substr(12, at + 5 - 12);
    DnsReply reply;
    {
      const std::lock_guard held(mutex_);
      ++asked_[{name, type}];
      if (tcp) ++asked_by_tcp_;
      const auto it = replies_.find({name, type});
      if (it == replies_.end())
        reply.rcode = 3;
      else
        reply = it->second;
    }
    using enum DnsReply::Kind;
    if (reply.kind == kSilence) return {};
    const bool truncated = reply.kind == kTruncated && !tcp;
    if (truncated) reply.records.clear();
    std::string out = query.substr(0, 2);
    if (reply.kind == kForeignId) out[0] = static_cast<char>(out[0] ^ 0x55);
    out += static_cast<char>(truncated ? 0x87 : 0x85);
    out += static_cast<char>(0x80 | reply.rcode);
    put16(out, 1);
    put16(out, reply.records.size());
    put16(out, 0);
    put16(out, 0);
    if (reply.kind == kForeignQuestion) {
      put_name(out, "other.test");
      out += question.substr(question.size() - 4);
    } else {
      out += question;
    }
    for (const DnsRecord& record : reply.records) put_record(out, record);
    if (reply.kind == kJunk) out = query.substr(0, 2) + std::string(30, '\xc0');
    return out;
  }

  void serve_udp() {
    std::string query(4096, '\0');
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const ssize_t got =
        ::recvfrom(udp_.get(), query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (got <= 0) return;
    query.resize(static_cast<size_t>(got));
    const std::string out = answer(query, false);
    if (!out.empty())
      (void)!::sendto(udp_.get(), out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
  }
  // One question per connection, which is all that c-ares asks at a time here.
  void serve_tcp() {
    const Fd client(::accept(tcp_.get(), nullptr, nullptr));
    while (true) {
      std::array<unsigned char, 2> length{};
      if (::recv(client.get(), length.data(), 2, MSG_WAITALL) != 2) return;
      std::string query(static_cast<size_t>(length[0] << 8 | length[1]), '\0');
      if (::recv(client.get(), query.data(), query.size(), MSG_WAITALL) != static_cast<ssize_t>(query.size())) return;
      const std::string out = answer(query, true);
      std::string framed;
      put16(framed, out.size());
      framed += out;
      if (::send(client.get(), framed.data(), framed.size(), MSG_NOSIGNAL) < 0) return;
    }
  }
  void work() {
    while (true) {
      std::array<pollfd, 3> ready{pollfd{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      ::poll(ready.data(), ready.size(), -1);
      if (ready[2].revents != 0) return;
      if (ready[0].revents != 0) serve_udp();
      if (ready[1].revents != 0) serve_tcp();
    }
  }

  Fd udp_;
  Fd tcp_;
  Fd stop_{::eventfd(0, EFD_CLOEXEC)};
  std::mutex mutex_;
  std::map<std::pair<std::string, uint16_t>, DnsReply> replies_;
  std::map<std::pair<std::string, uint16_t>, int> asked_;
  std::atomic<int> asked_by_tcp_ = 0;
  std::thread thread_;
};

}  // namespace sallyport
