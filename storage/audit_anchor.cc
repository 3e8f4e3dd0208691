#include "storage/audit_anchor.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/fd.h"

namespace sallyport::storage::audit {
namespace {

constexpr std::string_view kTag = "sallyport-audit-1";
constexpr size_t kFields = 11;
constexpr size_t kLineBytesMax = 1024;

template <class T>
bool number(std::string_view text, T& out) {
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
  return wrong == std::errc{} && end == text.data() + text.size();
}

template <size_t N>
bool hex(std::string_view text, std::array<std::byte, N>& out) {
  const auto bytes = hex_decode(text);
  if (!bytes || bytes->size() != N) return false;
  std::memcpy(out.data(), bytes->data(), N);
  return true;
}

}  // namespace

std::string anchor_node_name(std::string_view node) {
  std::string out(node.substr(0, kNodeBytesMax));
  for (char& c : out)
    if (c <= ' ' || c > '~') c = '_';
  return out.empty() ? "-" : out;
}

std::string format_anchor_line(const AnchorLine& line) {
  const Checkpoint& checkpoint = line.state.checkpoint;
  std::string out(kTag);
  for (const std::string& field :
       {hex_encode(line.state.installation.view()), hex_encode(line.state.chain.view()), anchor_node_name(line.node),
        std::to_string(line.state.segment), std::to_string(static_cast<uint16_t>(checkpoint.cause)),
        std::to_string(checkpoint.seq), std::to_string(count(checkpoint.at)), hex_encode(checkpoint.hash),
        hex_encode(checkpoint.key_id), hex_encode(checkpoint.signature)})
    out += " " + field;
  return out + "\n";
}

std::optional<AnchorLine> parse_anchor_line(std::string_view line) {
  std::array<std::string_view, kFields> fields;
  for (size_t i = 0; i < kFields; ++i) {
    const size_t end = i + 1 == kFields ? line.size() : line.find(' ');
    if (end == line.npos) return {};
    fields[i] = line.substr(0, end);
    if (i + 1 < kFields) line.remove_prefix(end + 1);
  }
  AnchorLine out;
  Checkpoint& checkpoint = out.state.checkpoint;
  out.node = fields[3];
  uint16_t cause = 0;
  int64_t at = 0;
  if (fields[0] != kTag || !hex(fields[1], out.state.installation.bytes) || !hex(fields[2], out.state.chain.bytes) ||
      !number(fields[4], out.state.segment) || !number(fields[5], cause) || !number(fields[6], checkpoint.seq) ||
      !number(fields[7], at) || !hex(fields[8], checkpoint.hash) || !hex(fields[9], checkpoint.key_id) ||
      !hex(fields[10], checkpoint.signature))
    return {};
  checkpoint.cause = static_cast<CheckpointCause>(cause);
  checkpoint.at = WallMicros{at};
  return out;
}

Result<void> create_anchor(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return fail(Code::kUnavailable, Side::kStorage, "audit anchor cannot be opened");
  return {};
}

Result<void> append_anchor(const std::string& path, const AnchorLine& line) {
  const Fd fd(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0)
    return fail(Code::kUnavailable, Side::kStorage, "audit anchor cannot be opened");
  char last = '\n';
  if (status.st_size > 0) (void)!::pread(fd.get(), &last, 1, status.st_size - 1);
  const std::string text = (last == '\n' ? "" : "\n") + format_anchor_line(line);
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fdatasync(fd.get()) != 0)
    return fail(Code::kUnavailable, Side::kStorage, "audit anchor cannot be written");
  return {};
}

Result<void> read_anchor(const std::string& path, size_t from_end_bytes_max,
                         const std::function<void(const AnchorLine&)>& each) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return fail(Code::kNotFound, Side::kStorage, "audit anchor does not exist");
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0)
    return fail(Code::kUnavailable, Side::kStorage, "audit anchor cannot be read");
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > from_end_bytes_max) ::lseek(fd.get(), static_cast<off_t>(size - from_end_bytes_max), SEEK_SET);
  std::string pending;
  std::array<char, 16 << 10> piece;
  while (true) {
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Code::kUnavailable, Side::kStorage, "audit anchor cannot be read");
    if (got == 0) return {};
    pending.append(piece.data(), static_cast<size_t>(got));
    size_t begin = 0;
    for (size_t end; (end = pending.find('\n', begin)) != pending.npos; begin = end + 1)
      if (const auto line = parse_anchor_line(std::string_view(pending).substr(begin, end - begin))) each(*line);
    pending.erase(0, begin);
    if (pending.size() > kLineBytesMax) pending.erase(0, pending.size() - kLineBytesMax);  // no line of ours
  }
}

}  // namespace sallyport::storage::audit
