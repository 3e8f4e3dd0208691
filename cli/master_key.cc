#include "cli/master_key.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/fd.h"
#include "cli/child_output.h"

namespace sallyport::cli {
namespace {

Outcome<SecretBytes> from_file(const std::string& path) {
  const std::string source = "master key " + path;
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT)
      return failure(source +
                     " is missing; put the key of this installation there (a new one, for a new "
                     "installation: `sallyport secret`)");
    return failure(source + " cannot be read: " + std::strerror(errno));
  }
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) return failure(source + " cannot be read: " + std::strerror(errno));
  if (!S_ISREG(facts.st_mode)) return failure(source + " is not a file");
  if ((facts.st_mode & 077) != 0) return failure(source + " can be read by other users; run: chmod 600 " + path);
  auto text = SecretBytes::of_size(kMasterKeyTextBytesMax + 1);
  if (!text) return failure(source, text.error());
  size_t filled = 0;
  while (filled < text->size()) {
    const ssize_t got = ::read(file.get(), text->span().data() + filled, text->size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(source + " cannot be read: " + std::strerror(errno));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  text->shrink(filled);
  return decode_master_key(text->reveal(), source);
}

// The value is overwritten where it lies, so that /proc/PID/environ does not show it either.
Outcome<SecretBytes> from_environment(const std::string& name) {
  const std::string source = "master key from the environment variable " + name;
  char* const value = std::getenv(name.c_str());
  if (value == nullptr) return failure(source + " is missing: the variable is not set");
  const std::span<std::byte> bytes{reinterpret_cast<std::byte*>(value), std::strlen(value)};
  auto key = decode_master_key(as_text(bytes), source);
  wipe(bytes);
  ::unsetenv(name.c_str());
  return key;
}

Outcome<SecretBytes> from_command(const std::string& command) {
  const std::string source = "master key from the command `" + command + "`";
  auto text = child_output(command, kMasterKeyTextBytesMax, std::chrono::seconds(30));
  if (!text) return failure(source + ": " + text.error().message);
  return decode_master_key(text->reveal(), source);
}

}  // namespace

Outcome<SecretBytes> decode_master_key(std::string_view text, const std::string& source) {
  if (text.size() > kMasterKeyTextBytesMax) return failure(source + " is too long to be a key");
  while (!text.empty() && std::strchr("\r\n\t ", text.back()) != nullptr) text.remove_suffix(1);
  if (text.empty()) return failure(source + " is empty");
  auto bytes = base64_decode(text);
  if (!bytes) return failure(source + " is not base64; a key looks like what `sallyport secret` prints");
  auto key = SecretBytes::copy_of(ByteView(*bytes));
  const size_t length = bytes->size();
  wipe(*bytes);
  if (length != kMasterKeyBytes)
    return failure(source + " has " + std::to_string(length) +
                   " bytes; a master key has 32 (base64 of 32 random bytes)");
  if (!key) return failure(source, key.error());
  return std::move(*key);
}

Outcome<SecretBytes> read_master_key(const conf::MasterKeySource& source) {
  switch (source.from) {
    case conf::MasterKeyFrom::kFile:
      return from_file(source.value);
    case conf::MasterKeyFrom::kEnvironment:
      return from_environment(source.value);
    case conf::MasterKeyFrom::kCommand:
      return from_command(source.value);
  }
  return failure("master key from an unknown source");
}

Outcome<std::vector<SecretBytes>> read_master_keys(const std::vector<conf::MasterKeySource>& sources) {
  std::vector<SecretBytes> keys;
  for (const conf::MasterKeySource& source : sources) {
    auto key = read_master_key(source);
    if (!key) return std::unexpected(std::move(key.error()));
    keys.push_back(std::move(*key));
  }
  return keys;
}

}  // namespace sallyport::cli
