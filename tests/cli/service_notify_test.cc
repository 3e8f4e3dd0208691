// What the service manager hears, over sockets of the test's own.
#include "cli/service_notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "base/fd.h"
#include "folder.h"

namespace sallyport::cli {
namespace {

using namespace std::chrono_literals;

// The manager's end; name: a path or "@NAME".
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  }
  // The next datagram, "" when there is none.
  std::string heard() const {
    char bytes[256];
    const ssize_t got = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    return got < 0 ? "" : std::string(bytes, static_cast<size_t>(got));
  }

 private:
  Fd socket_;
};

TEST(service_notify, tells_each_state_in_a_datagram_of_its_own) {
  const Folder folder;
  const std::string abstract = "@sallyport-notify-test-" + std::to_string(::getpid());
  for (const std::string& name : {folder / "notify", abstract}) {
    const Manager manager(name);
    const ServiceNotify notify(name);
    notify.ready();
    notify.reloading(Monotonic(1234567us));
    notify.alive();
    notify.stopping();
    EXPECT_EQ(manager.heard(), "READY=1");
    EXPECT_EQ(manager.heard(), "RELOADING=1\nMONOTONIC_USEC=1234567");
    EXPECT_EQ(manager.heard(), "WATCHDOG=1");
    EXPECT_EQ(manager.heard(), "STOPPING=1");
    EXPECT_EQ(manager.heard(), "");
  }
}

TEST(service_notify, nobody_is_told_where_nobody_listens) {
  const Folder folder;
  for (const std::string& name : {std::string(), std::string("/"), std::string("@"), std::string("relative"),
                                  folder / "nobody", std::string(200, '/')})
    ServiceNotify(name).ready();
}

TEST(service_notify, the_variable_is_gone_once_it_was_read) {
  const Folder folder;
  const Manager manager(folder / "notify");
  ::setenv("NOTIFY_SOCKET", (folder / "notify").c_str(), 1);
  ServiceNotify::from_environment().ready();
  EXPECT_EQ(manager.heard(), "READY=1");
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
}

TEST(service_notify, the_watchdog_is_for_this_process_or_whoever) {
  EXPECT_EQ(watchdog_interval("30000000", nullptr, 7), 30s);
  EXPECT_EQ(watchdog_interval("30000000", "7", 7), 30s);
  EXPECT_EQ(watchdog_interval("30000000", "8", 7), std::nullopt);
  EXPECT_EQ(watchdog_interval("30000000", "x", 7), std::nullopt);
  for (const char* const text : {static_cast<const char*>(nullptr), "", "0", "-1", "30s", "99999999999999999999"})
    EXPECT_EQ(watchdog_interval(text, nullptr, 7), std::nullopt);
}

}  // namespace
}  // namespace sallyport::cli
