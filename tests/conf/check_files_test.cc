#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/conf/config_text.h"

namespace sallyport::conf {
namespace {

constexpr const char* kCertificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
constexpr const char* kKey = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

// A folder with all that the sound configuration names.
class CheckFiles : public testing::Test {
 protected:
  CheckFiles() {
    std::string pattern = (std::filesystem::temp_directory_path() / "check-files-XXXXXX").string();
    dir_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(dir_ / "tls");
    write("master.key", "key\n", 0600);
    write("tls/cert.pem", kCertificate, 0644);
    write("tls/key.pem", kKey, 0600);
  }
  ~CheckFiles() override { std::filesystem::remove_all(dir_); }

  void write(const char* name, std::string_view text, mode_t mode) {
    std::ofstream(dir_ / name) << text;
    ::chmod((dir_ / name).c_str(), mode);
  }
  // The mistakes, the folder's name taken out.
  std::string check(std::string_view text = kSoundConfig, CheckAt moment = CheckAt::kStart) {
    const auto config = parse_node_config(text, (dir_ / "gate.yaml").string());
    if (!config) return "does not read: " + to_line(config.error().front());
    std::string out;
    for (const Mistake& mistake : check_files(*config, moment)) out += (out.empty() ? "" : "\n") + to_line(mistake);
    const std::string dir = dir_.string() + "/";
    for (size_t at; (at = out.find(dir)) != out.npos;) out.erase(at, dir.size());
    return out;
  }

  std::filesystem::path dir_;
};

TEST_F(CheckFiles, all_is_there) { EXPECT_EQ(check(), ""); }

TEST_F(CheckFiles, nothing_is_there) {
  std::filesystem::remove(dir_ / "master.key");
  std::filesystem::remove_all(dir_ / "tls");
  EXPECT_EQ(check(),
            "gate.yaml:2: master_key: cannot read master.key: No such file or directory\n"
            "gate.yaml:7: listeners[0].tls.certificates[0].cert: cannot read tls/cert.pem: No such file or directory\n"
            "gate.yaml:7: listeners[0].tls.certificates[0].key: cannot read tls/key.pem: No such file or directory");
}

TEST_F(CheckFiles, the_master_key_is_its_owners_alone) {
  for (const mode_t mode : {0604, 0640, 0660, 0606, 0610}) {
    ::chmod((dir_ / "master.key").c_str(), mode);
    EXPECT_EQ(check(), "gate.yaml:2: master_key: master.key can be read by others than its owner: chmod 600");
  }
  for (const mode_t mode : {0400, 0600, 0700}) {
    ::chmod((dir_ / "master.key").c_str(), mode);
    EXPECT_EQ(check(), "");
  }
  write("master.key", "", 0600);
  EXPECT_EQ(check(), "gate.yaml:2: master_key: master.key is empty");
  std::filesystem::remove(dir_ / "master.key");
  std::filesystem::create_directory(dir_ / "master.key");
  EXPECT_EQ(check(), "gate.yaml:2: master_key: cannot read master.key: it is no regular file");
}

TEST_F(CheckFiles, a_key_of_a_list_has_its_own_line) {
  EXPECT_EQ(check(with_line(2, "master_key:\n  - file:master.key\n  - file:old.key")),
            "gate.yaml:4: master_key[1]: cannot read old.key: No such file or directory");
}

TEST_F(CheckFiles, a_key_in_the_environment_must_be_there) {
  ::unsetenv("CHECK_FILES_KEY");
  EXPECT_EQ(check(with_line(2, "master_key: env:CHECK_FILES_KEY")),
            "gate.yaml:2: master_key: the environment has no CHECK_FILES_KEY");
  EXPECT_EQ(check(with_line(2, "master_key: env:CHECK_FILES_KEY"), CheckAt::kReload), "") << "serve has wiped it";
  ::setenv("CHECK_FILES_KEY", "x", 1);
  EXPECT_EQ(check(with_line(2, "master_key: env:CHECK_FILES_KEY")), "");
  EXPECT_EQ(check(with_line(2, "master_key: exec:false")), "") << "a command is not run to check";
}

TEST_F(CheckFiles, certificate_and_key_are_what_they_should_be) {
  write("tls/cert.pem", kKey, 0644);
  write("tls/key.pem", kCertificate, 0600);
  EXPECT_EQ(check(),
            "gate.yaml:7: listeners[0].tls.certificates[0].cert: tls/cert.pem holds no PEM certificate\n"
            "gate.yaml:7: listeners[0].tls.certificates[0].key: tls/key.pem holds no PEM private key");
  write("tls/cert.pem", std::string(2 << 20, 'a'), 0644);
  write("tls/key.pem", "", 0600);
  EXPECT_EQ(check(),
            "gate.yaml:7: listeners[0].tls.certificates[0].cert: tls/cert.pem is larger than 1 MiB\n"
            "gate.yaml:7: listeners[0].tls.certificates[0].key: tls/key.pem holds no PEM private key");
}

TEST_F(CheckFiles, the_authorities_of_clients_are_certificates) {
  const auto asking = [&](const std::string& file) {
    return check(with_line(7,
                           "    tls: {certificates: [{cert: tls/cert.pem, key: tls/key.pem}], client_auth: optional, "
                           "client_ca: " +
                               file + "}"));
  };
  write("clients.pem", kCertificate, 0644);
  EXPECT_EQ(asking("clients.pem"), "");
  EXPECT_EQ(asking("nowhere.pem"),
            "gate.yaml:7: listeners[0].tls.client_ca: cannot read nowhere.pem: No such file or directory");
  EXPECT_EQ(asking("tls/key.pem"), "gate.yaml:7: listeners[0].tls.client_ca: tls/key.pem holds no PEM certificate");
}

TEST_F(CheckFiles, folders_of_what_will_be_made) {
  EXPECT_EQ(check(with_line(1, "storage: sqlite:nowhere/a.db")),
            "gate.yaml:1: storage: the folder nowhere cannot be used: No such file or directory");
  EXPECT_EQ(check(with_line(1, "storage: sqlite:master.key/a.db")), "gate.yaml:1: storage: master.key is no folder");
  EXPECT_EQ(check(with_line(0, "audit: {anchor: nowhere/anchor}")),
            "gate.yaml:10: audit.anchor: the folder nowhere cannot be used: No such file or directory");
  EXPECT_EQ(check(with_line(8, "  - address: unix:nowhere/gate.sock")),
            "gate.yaml:8: listeners[1].address: the folder nowhere cannot be used: No such file or directory");
}

}  // namespace
}  // namespace sallyport::conf
