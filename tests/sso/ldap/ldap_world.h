// Real directories (tests/testbed/slapd.py) beside hostile ones, started once for the tests that look into them, and a
// provider that is asked there.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sso/ldap/ldap_sign_in.h"

namespace sallyport::sso::ldap {

using namespace std::chrono_literals;
using namespace std::string_literals;

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class LdapServers {
 public:
  static LdapServers& get() {
    static LdapServers servers;
    return servers;
  }
  // Why there are none; "" when there are.
  const std::string& missing() const { return missing_; }
  std::string port(const std::string& name) const { return std::to_string(said_[name].get<int>()); }
  std::string text(const std::string& name) const { return said_[name]; }
  std::string certificate(const std::string& name) const { return contents(text("certs") + "/" + name + ".pem"); }
  std::string log() const { return contents(text("a_log")); }
  void tell(const std::string& line) {
    std::fputs((line + "\n").c_str(), to_);
    std::fflush(to_);
    EXPECT_EQ(heard(), "done");
  }

 private:
  LdapServers() {
    std::signal(SIGPIPE, SIG_IGN);
    std::string place = testing::TempDir() + "ldap-XXXXXX";
    if (::mkdtemp(place.data()) == nullptr) std::abort();
    folder_ = place;
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) std::abort();
    const std::string program = TEST_DATA "/../testbed/slapd.py";
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(out[1], 1);
      ::execlp("python3", "python3", "-B", program.c_str(), folder_.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_ = ::fdopen(in[1], "w");
    from_ = ::fdopen(out[0], "r");
    said_ = nlohmann::json::parse(heard(), nullptr, false);
    if (!said_.is_object())
      missing_ = "the servers do not start";
    else if (said_.contains("missing"))
      missing_ = said_["missing"];
  }
  ~LdapServers() {
    std::fclose(to_);  // that is its end
    ::waitpid(child_, nullptr, 0);
    std::fclose(from_);
    std::filesystem::remove_all(folder_);
  }
  std::string heard() {
    std::array<char, 4096> line{};
    if (std::fgets(line.data(), line.size(), from_) == nullptr) return {};
    std::string out(line.data());
    if (out.ends_with('\n')) out.pop_back();
    return out;
  }

  std::string folder_;
  std::string missing_;
  pid_t child_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
  nlohmann::json said_;
};

// Names that only the test knows; addresses are themselves, as for everybody.
class KnownHosts final : public HostLookup {
 public:
  Result<std::vector<IpAddress>> addresses_of(const std::string& host) override {
    if (!known.contains(host)) return system_.addresses_of(host);
    std::vector<IpAddress> out;
    for (const std::string& text : known.at(host)) out.push_back(*IpAddress::parse(text));
    return out;
  }
  std::map<std::string, std::vector<std::string>> known;

 private:
  SystemLookup system_;
};

class MovedClock final : public Clock {
 public:
  WallMicros wall() const override { return SystemClock().wall() + shift; }
  Monotonic monotonic() const override { return SystemClock().monotonic() + shift; }
  std::chrono::seconds shift{0};
};

class StoppedClock final : public Clock {
 public:
  WallMicros wall() const override { return {}; }
  Monotonic monotonic() const override { return now; }
  Monotonic now{};
};

inline SecretBytes secret(std::string_view text) { return SecretBytes::copy_of(text).value(); }

inline std::string shown(const Checks& checks) {
  std::ostringstream out;
  for (const Check& check : checks.list())
    out << (check.passed ? "ok   " : "FAIL ") << check.name << ": " << check.expected << " | " << check.found << "\n";
  return out.str();
}

// The provider asks server a with StartTLS, unless a test says otherwise before open().
class LdapWorld : public testing::Test {
 protected:
  void SetUp() override {
    if (!servers.missing().empty()) GTEST_SKIP() << servers.missing();
    provider.type = policy::ProviderType::kLdap;
    provider.ldap.urls = {at("a")};
    provider.ldap.bind_dn = servers.text("reader");
    provider.ldap.base_dn = "ou=people,dc=example,dc=test";
    provider.network.networks = {*Cidr::parse("127.0.0.0/8")};
    provider.network.ca_pem = servers.certificate("ca");
    hosts.known["ldap.example.test"] = {"127.0.0.1"};
  }
  std::string at(const std::string& name, const std::string& scheme = "ldap",
                 const std::string& host = "127.0.0.1") const {
    return scheme + "://" + host + ":" + servers.port(name);
  }
  void open() {
    auto made = Directory::make(provider.ldap, provider.network, hosts, clock);
    ASSERT_TRUE(made) << made.error().what;
    directory = *std::move(made);
  }
  LdapVerdict sign_in(std::string_view user, const SecretBytes& password, const std::string& whose = "corp") {
    if (!directory) open();
    return ldap_sign_in(*directory, provider, user, password, secret(reader_password), {entries, whose});
  }
  LdapVerdict sign_in(const std::string& user) { return sign_in(user, secret(user + "pass1")); }
  // The groups of somebody, in order, or the error's code.
  std::string groups_of(const std::string& user) {
    directory.reset();
    const LdapVerdict verdict = sign_in(user);
    if (!verdict.identity) return std::string(to_string(verdict.identity.error().code));
    auto names = verdict.identity->groups;
    std::ranges::sort(names);
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : "|") + name;
    return out;
  }

  LdapServers& servers = LdapServers::get();
  policy::IdentityProvider provider;
  std::string reader_password = "reader-pass-1";
  KnownHosts hosts;
  MovedClock clock;
  StoppedClock attempts_clock;
  SharedBuckets entries{kAttemptsPerAccount, attempts_clock};
  std::unique_ptr<Directory> directory;
};

}  // namespace sallyport::sso::ldap
