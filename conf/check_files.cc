// What only a look at the named files shows.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/fd.h"
#include "base/secret.h"
#include "base/shape.h"
#include "conf/node_config.h"

namespace sallyport::conf {
namespace {

constexpr size_t kPemBytesMax = size_t{1} << 20;

class Check {
 public:
  Check(const NodeConfig& config, CheckAt at) : config_(config), at_(at) {}

  Mistakes run() && {
    for (size_t i = 0; i < config_.master_keys.size(); ++i) master_key(config_.master_keys[i], i);
    folder("storage", config_.storage.sqlite_path);
    for (size_t i = 0; i < config_.listeners.size(); ++i) listener(config_.listeners[i], join_path("listeners", i));
    if (!config_.audit.anchor.empty()) folder("audit.anchor", config_.audit.anchor);
    std::ranges::sort(mistakes_, [](const Mistake& a, const Mistake& b) {
      return a.line != b.line ? a.line < b.line : a.path < b.path;
    });
    return std::move(mistakes_);
  }

 private:
  void add(const std::string& path, std::string message, std::string code) {
    mistakes_.push_back({path, std::move(message), std::move(code), config_.file, config_.line_of(path)});
  }
  void unreadable(const std::string& path, const std::string& file, int error) {
    add(path, "cannot read " + file + ": " + std::strerror(error), "unreadable");
  }

  // Opens a file that has to be a regular one; nothing and a mistake otherwise.
  Fd open(const std::string& path, const std::string& file, struct stat& about) {
    Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd || ::fstat(fd.get(), &about) != 0) {
      unreadable(path, file, errno);
      return Fd();
    }
    if (!S_ISREG(about.st_mode)) {
      add(path, "cannot read " + file + ": it is no regular file", "unreadable");
      return Fd();
    }
    return fd;
  }

  void master_key(const MasterKeySource& source, size_t index) {
    std::string path = join_path("master_key", index);
    if (!config_.lines.contains(path)) path = "master_key";
    if (source.from == MasterKeyFrom::kEnvironment) {
      if (at_ == CheckAt::kReload) return;
      const char* value = std::getenv(source.value.c_str());
      if (!value || !*value) add(path, "the environment has no " + source.value, "missing");
      return;
    }
    if (source.from != MasterKeyFrom::kFile) return;  // a command is run by those who need the key, not to check
    struct stat about{};
    const Fd fd = open(path, source.value, about);
    if (!fd) return;
    if ((about.st_mode & 077) != 0)
      add(path, source.value + " can be read by others than its owner: chmod 600", "permissions");
    if (about.st_size == 0) add(path, source.value + " is empty", "malformed");
  }

  // A file that is made when it is not there: its folder must be.
  void folder(const std::string& path, const std::string& file) {
    const std::string dir = std::filesystem::path(file).parent_path().string();
    struct stat about{};
    const std::string where = dir.empty() ? "." : dir;
    if (::stat(where.c_str(), &about) != 0) {
      add(path, "the folder " + where + " cannot be used: " + std::strerror(errno), "unreadable");
    } else if (!S_ISDIR(about.st_mode)) {
      add(path, where + " is no folder", "unreadable");
    }
  }

  void pem(const std::string& path, const std::string& file, std::string_view label, const char* message) {
    struct stat about{};
    const Fd fd = open(path, file, about);
    if (!fd) return;
    if (static_cast<size_t>(about.st_size) > kPemBytesMax) return add(path, file + " is larger than 1 MiB", "limit");
    std::string text(static_cast<size_t>(about.st_size), '\0');
    const ssize_t count = ::pread(fd.get(), text.data(), text.size(), 0);
    const std::string_view read(text.data(), count > 0 ? static_cast<size_t>(count) : 0);
    const size_t begin = read.find("-----BEGIN ");
    const bool fits =
        begin != read.npos && read.find(label, begin) != read.npos && read.find("-----END ", begin) != read.npos;
    wipe(text);
    if (!fits) add(path, file + message, "malformed");
  }

  void listener(const Listener& listener, const std::string& path) {
    if (const auto* socket = std::get_if<std::string>(&listener.address)) folder(path + ".address", *socket);
    if (!listener.tls) return;
    for (size_t i = 0; i < listener.tls->certificates.size(); ++i) {
      const std::string at = join_path(path + ".tls.certificates", i);
      const TlsCertificate& certificate = listener.tls->certificates[i];
      pem(at + ".cert", certificate.cert_path, "CERTIFICATE-----", " holds no PEM certificate");
      pem(at + ".key", certificate.key_path, "PRIVATE KEY-----", " holds no PEM private key");
    }
    if (listener.tls->client_auth != ClientAuth::kNone)
      pem(path + ".tls.client_ca", listener.tls->client_ca_path, "CERTIFICATE-----", " holds no PEM certificate");
  }

  const NodeConfig& config_;
  const CheckAt at_;
  Mistakes mistakes_;
};

}  // namespace

Mistakes check_files(const NodeConfig& config, CheckAt at) { return Check(config, at).run(); }

}  // namespace sallyport::conf
