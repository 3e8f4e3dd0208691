#include "cli/control_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "cli/unix_socket.h"

namespace sallyport::cli {
namespace {

using Until = std::chrono::steady_clock::time_point;

bool ready(int socket, short what, Until until) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting{socket, what, 0};
    const int count = ::poll(&waiting, 1, static_cast<int>(left));
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return false;
  }
}

bool send_line(int socket, std::string_view line, Until until) {
  while (!line.empty()) {
    const ssize_t sent = ::send(socket, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) line.remove_prefix(static_cast<size_t>(sent));
    if (sent < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (!line.empty() && !ready(socket, POLLOUT, until)) return false;
  }
  return true;
}

// Empty when there is none in time.
std::string receive_line(int socket, Until until) {
  std::string line;
  while (line.size() <= kControlAnswerBytesMax && ready(socket, POLLIN, until)) {
    char bytes[256];
    const ssize_t got = ::recv(socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) return "";
    if (got < 0) continue;
    line.append(bytes, static_cast<size_t>(got));
    if (const size_t end = line.find('\n'); end != line.npos) return line.substr(0, end);
  }
  return "";
}

}  // namespace

Told tell_gateway(const std::string& socket, storage::Generation generation, std::chrono::milliseconds limit) {
  const Until until = std::chrono::steady_clock::now() + limit;
  const auto connection = connect_unix(socket);
  if (!connection) return connection.error().code == Code::kNotFound ? Told::kNoGateway : Told::kNoAnswer;
  if (!send_line(connection->get(), to_line({ControlRequest::Op::kFollow, count(generation)}), until))
    return Told::kNoAnswer;
  const auto in_force = parse_follow_answer(receive_line(connection->get(), until));
  return in_force && *in_force >= count(generation) ? Told::kInForce : Told::kNoAnswer;
}

Result<ReloadOutcome> reload_gateway(const std::string& socket, std::chrono::milliseconds limit) {
  const Until until = std::chrono::steady_clock::now() + limit;
  TRY(const Fd connection, connect_unix(socket));
  if (!send_line(connection.get(), to_line({ControlRequest::Op::kReload, 0}), until))
    return fail(Code::kUnavailable, Side::kSelf, "the gateway does not listen");
  const std::string answer = receive_line(connection.get(), until);
  if (answer.empty()) return fail(Code::kUnavailable, Side::kSelf, "the gateway did not answer; see its log");
  return parse_reload_answer(answer);
}

void tell_or_warn(Terminal& terminal, const std::string& socket, storage::Generation generation) {
  if (tell_gateway(socket, generation) == Told::kNoAnswer)
    warn(terminal, "the change is saved, but the running gateway did not say that it is in force; see its log");
}

}  // namespace sallyport::cli
