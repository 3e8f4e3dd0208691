#include "cli/control_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cli/unix_socket.h"

namespace sallyport::cli {
namespace {
constexpr size_t kAcceptsPerTurn = 16;  // signals and timers come in between
}

// One peer, from the first line to the last: a coroutine that waits for the socket and for the follower.
class ControlServer::Conversation final : private IoHandler, private TaskOwner, private Deferred, private Timer {
 public:
  Conversation(ControlServer& server, Fd socket)
      : server_(server), socket_(std::move(socket)), event_(server.loop_, socket_.get(), *this), task_(converse()) {}
  void start() {
    set_patience();
    task_.start(this);
  }
  // It has said nothing that is not answered.
  bool silent() const { return listening_ && input_.empty(); }

 private:
  void on_io(IoReady) override { io_.wake(); }
  void task_done() noexcept override { server_.loop_.defer(*this); }
  void expired() override {
    task_.cancel();
    server_.loop_.defer(*this);
  }
  void run_deferred() override { server_.forget(*this); }
  void set_patience() { server_.loop_.timers().set(*this, kControlPatience); }

  Task<void> converse() {
    bool go_on = true;
    while (go_on) {
      listening_ = true;
      auto receiving = receive_line();
      const Result<std::string> line = co_await receiving;
      listening_ = false;
      if (!line && line.error().code != Code::kLimit) co_return;  // the peer is gone
      TimerWheel::clear(*this);
      std::string answer;
      if (line) {
        auto answering = answer_to(*line, go_on);
        answer = co_await answering;
      } else {
        answer = control_refusal(line.error());
        go_on = false;
      }
      set_patience();
      auto sending = send_all(std::move(answer));
      go_on = co_await sending && go_on;
    }
  }

  // errors: kLimit too long, kUnavailable the peer has gone.
  Task<Result<std::string>> receive_line() {
    for (;;) {
      if (const size_t end = input_.find('\n'); end != input_.npos) {
        std::string line = input_.substr(0, end);
        input_.erase(0, end + 1);
        co_return line;
      }
      if (input_.size() > kControlLineBytesMax) co_return fail(Code::kLimit, Side::kClient, "the line is too long");
      char bytes[512];
      const ssize_t got = ::recv(socket_.get(), bytes, sizeof bytes, 0);
      if (got > 0)
        input_.append(bytes, static_cast<size_t>(got));
      else if (got < 0 && errno == EAGAIN)
        co_await io_.wait();
      else if (got == 0 || errno != EINTR)
        co_return fail(Code::kUnavailable, Side::kClient, "the peer has gone");
    }
  }

  Task<std::string> answer_to(std::string line, bool& go_on) {
    const Result<ControlRequest> request = parse_control_request(line);
    if (!request) {
      go_on = false;
      co_return control_refusal(request.error());
    }
    if (request->op == ControlRequest::Op::kStatus) co_return control_status(server_.actions_.status());
    if (request->op == ControlRequest::Op::kReload) {
      auto reloading = server_.actions_.reload(server_.loop_);
      const Result<ReloadOutcome> outcome = co_await reloading;
      co_return outcome ? control_reloaded(*outcome) : control_refusal(outcome.error());
    }
    auto following = server_.actions_.follow(server_.loop_, request->generation);
    const Result<uint64_t> in_force = co_await following;
    co_return in_force ? control_in_force(*in_force) : control_refusal(in_force.error());
  }

  // False when the peer has gone.
  Task<bool> send_all(std::string text) {
    size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t count = ::send(socket_.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count >= 0)
        sent += static_cast<size_t>(count);
      else if (errno == EAGAIN)
        co_await io_.wait();
      else if (errno != EINTR)
        co_return false;
    }
    co_return true;
  }

  ControlServer& server_;
  Fd socket_;
  IoEvent event_;
  WaitSlot io_;
  std::string input_;
  bool listening_ = false;
  Task<void> task_;  // last: cancelled before what it uses
};

ControlServer::ControlServer(Loop& loop, Fd listening, ControlActions& actions, Log& log)
    : loop_(loop),
      listening_(std::move(listening)),
      actions_(actions),
      log_(log),
      event_(loop, listening_.get(), *this) {}
ControlServer::~ControlServer() = default;

void ControlServer::on_io(IoReady) {
  for (size_t i = 0; i < kAcceptsPerTurn; ++i) {
    if (!make_room()) return event_.pause();  // whoever comes waits in the backlog until somebody has gone
    Fd socket(::accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    const auto user = peer_user(socket.get());
    if (!user || (*user != ::geteuid() && *user != 0)) {
      log_.warning("control_refused", {{"reason", "another user"}});
      continue;
    }
    conversations_.push_back(std::make_unique<Conversation>(*this, std::move(socket)));
    conversations_.back()->start();
  }
}

// The peer that has been silent for longest gives way to one that may have something to say.
bool ControlServer::make_room() {
  if (conversations_.size() < kControlConversationsMax) return true;
  const auto silent = std::ranges::find_if(conversations_, [](const auto& each) { return each->silent(); });
  if (silent == conversations_.end()) return false;
  log_.warning("control_refused", {{"reason", "too many conversations"}});
  conversations_.erase(silent);
  return true;
}

void ControlServer::forget(Conversation& over) {
  std::erase_if(conversations_, [&over](const auto& each) { return each.get() == &over; });
  event_.resume();
}

}  // namespace sallyport::cli
