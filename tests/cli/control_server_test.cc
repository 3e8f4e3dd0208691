// Both ends of the control socket, and peers that are slow, silent, loud or too many.
#include "cli/control_server.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <thread>

#include "cli/control_client.h"
#include "cli/unix_socket.h"
#include "folder.h"

namespace sallyport::cli {
namespace {

using namespace std::chrono_literals;
using storage::Generation;
using testing::HasSubstr;

// A gateway that has everything up to generation 10 in force.
class Actions final : public ControlActions {
 public:
  Offload<uint64_t> follow(Loop& home, uint64_t generation) override {
    return {pool_, home, [this, generation]() -> Result<uint64_t> {
              ++follows;
              if (generation > 10) return fail(Code::kNotFound, Side::kClient, "there is no such generation");
              return uint64_t{10};
            }};
  }
  ControlStatus status() override { return {.generation = 10}; }
  Offload<ReloadOutcome> reload(Loop& home) override {
    return {pool_, home, [this]() -> Result<ReloadOutcome> {
              if (++reloads == 3) return fail(Code::kUnavailable, Side::kSelf, "the gateway is ending");
              if (reloads == 2)
                return ReloadOutcome(std::unexpected(std::vector<std::string>{"a.yaml:1: x", "a.yaml:2: y"}));
              return ReloadOutcome(RestartNeeded{{"salt"}});
            }};
  }
  std::atomic<int> follows{0};
  std::atomic<int> reloads{0};

 private:
  BlockingPool pool_{"test", 1, 64};
};

class control_server : public testing::Test {
 protected:
  control_server() {
    auto listening = listen_unix(socket, 16);
    EXPECT_TRUE(listening);
    server.emplace(loop, std::move(*listening), actions, log);
    thread = std::thread([this] { loop.run(); });
  }
  ~control_server() override {
    loop.stop();
    thread.join();
  }
  Fd connected() {
    auto out = connect_unix(socket);
    EXPECT_TRUE(out);
    return std::move(*out);
  }
  static void send_text(const Fd& peer, std::string_view text) {
    EXPECT_EQ(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // One line, or what came before the end; "" at once at the end. Fails after 10 s.
  static std::string receive_line(const Fd& peer) {
    std::string line;
    for (char c = 0;;) {
      pollfd waiting{peer.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 10000) != 1) return "(no answer)" + line;
      if (::recv(peer.get(), &c, 1, 0) != 1 || c == '\n') return line;
      line += c;
    }
  }

  const Folder folder;
  const std::string socket = folder / "control.sock";
  const SystemClock clock;
  Log log{LogLevel::kError};
  Loop loop{clock};
  Actions actions;
  std::optional<ControlServer> server;
  std::thread thread;
};

TEST_F(control_server, answers_when_it_is_in_force) {
  EXPECT_EQ(tell_gateway(socket, Generation{7}, 10s), Told::kInForce);
  EXPECT_EQ(tell_gateway(socket, Generation{10}, 10s), Told::kInForce);
  EXPECT_EQ(tell_gateway(socket, Generation{11}, 10s), Told::kNoAnswer);
  EXPECT_EQ(actions.follows, 3);
}

TEST_F(control_server, reloads_and_says_what_came_of_it) {
  const auto good = reload_gateway(socket, 10s);
  ASSERT_TRUE(good && *good);
  EXPECT_EQ((*good)->keys, std::vector<std::string>{"salt"});
  const auto bad = reload_gateway(socket, 10s);
  ASSERT_TRUE(bad && !*bad);
  EXPECT_EQ(bad->error().size(), 2u);
  EXPECT_EQ(reload_gateway(socket, 10s).error().code, Code::kUnavailable);
}

TEST_F(control_server, nobody_there_is_no_gateway) {
  EXPECT_EQ(reload_gateway(folder / "other.sock", 10s).error().code, Code::kNotFound);
  EXPECT_EQ(tell_gateway(folder / "other.sock", Generation{1}, 10s), Told::kNoGateway);
  EXPECT_EQ(tell_gateway(folder / "no/such/folder.sock", Generation{1}, 10s), Told::kNoGateway);
}

TEST_F(control_server, a_socket_left_behind_is_no_gateway) {
  const std::string left = folder / "left.sock";
  {
    const auto gone = listen_unix(left, 1);
  }
  EXPECT_TRUE(std::filesystem::exists(left));
  EXPECT_EQ(tell_gateway(left, Generation{1}, 10s), Told::kNoGateway);
  EXPECT_TRUE(listen_unix(left, 1)) << "and is taken over by the next gateway";
}

TEST_F(control_server, a_gateway_that_does_not_answer_is_not_waited_for) {
  const std::string silent = folder / "silent.sock";
  const auto listening = listen_unix(silent, 1);
  ASSERT_TRUE(listening);
  EXPECT_EQ(tell_gateway(silent, Generation{1}, 50ms), Told::kNoAnswer);
}

TEST_F(control_server, holds_a_conversation_of_several_lines) {
  const Fd peer = connected();
  send_text(peer, "{\"op\":\"status\"}\n{\"op\":\"follow\",\"generation\":3}\n{\"op\"");
  EXPECT_THAT(receive_line(peer), HasSubstr("\"ok\":true"));
  EXPECT_EQ(receive_line(peer), R"({"generation":10,"ok":true})");
  send_text(peer, ":\"status\"}\n");
  EXPECT_THAT(receive_line(peer), HasSubstr("\"generation\":10"));
}

TEST_F(control_server, a_line_that_is_no_request_ends_it) {
  for (const char* const line : {"GET / HTTP/1.1\r\n", "{\"op\":\"stop\"}\n", "\n"}) {
    const Fd peer = connected();
    send_text(peer, line);
    EXPECT_THAT(receive_line(peer), HasSubstr("\"ok\":false")) << line;
    EXPECT_EQ(receive_line(peer), "");
  }
}

TEST_F(control_server, a_line_without_an_end_is_cut_off) {
  const Fd peer = connected();
  send_text(peer, std::string(4 * kControlLineBytesMax, 'x'));
  EXPECT_THAT(receive_line(peer), HasSubstr("too long"));
}

TEST_F(control_server, silent_peers_give_way_to_who_has_something_to_say) {
  std::vector<Fd> silent;
  for (size_t i = 0; i < 2 * kControlConversationsMax; ++i) silent.push_back(connected());
  EXPECT_EQ(tell_gateway(socket, Generation{1}, 10s), Told::kInForce);
  EXPECT_EQ(receive_line(silent.front()), "") << "the oldest was closed";
  send_text(silent.back(), "{\"op\":\"status\"}\n");
  EXPECT_THAT(receive_line(silent.back()), HasSubstr("\"ok\":true")) << "the youngest was not";
}

TEST_F(control_server, many_commands_at_once_are_all_answered) {
  std::atomic<int> in_force{0};
  std::vector<std::thread> commands;
  for (size_t i = 0; i < 3 * kControlConversationsMax; ++i)
    commands.emplace_back([&] { in_force += tell_gateway(socket, Generation{5}, 30s) == Told::kInForce; });
  for (std::thread& command : commands) command.join();
  EXPECT_EQ(in_force, static_cast<int>(3 * kControlConversationsMax));
}

TEST_F(control_server, a_peer_that_goes_in_the_middle_harms_nothing) {
  for (int i = 0; i < 50; ++i) {
    const Fd peer = connected();
    send_text(peer, "{\"op\":\"follow\",\"generation\":3}\n{\"op\":");
  }
  EXPECT_EQ(tell_gateway(socket, Generation{1}, 10s), Told::kInForce);
}

TEST(unix_socket, takes_paths_of_any_length_and_is_for_its_owner) {
  const Folder folder;
  std::filesystem::path deep = folder.path();
  for (int i = 0; i < 8; ++i) deep /= std::string(60, static_cast<char>('a' + i));
  std::filesystem::create_directories(deep);
  const std::string path = (deep / "control.sock").string();
  ASSERT_GT(path.size(), 300u);
  const auto listening = listen_unix(path, 1);
  ASSERT_TRUE(listening);
  const auto peer = connect_unix(path);
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer_user(peer->get()), ::geteuid());
  struct stat facts{};
  ASSERT_EQ(::lstat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

}  // namespace
}  // namespace sallyport::cli
