// What init makes: a configuration that its own reader takes, and certificates that OpenSSL verifies.
#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/c_handle.h"
#include "base/random.h"
#include "cli/development_ca.h"
#include "cli/init_config.h"
#include "conf/node_config.h"
#include "folder.h"

namespace sallyport::cli {
namespace {

using CertPtr = CHandle<X509, X509_free>;
using BioPtr = CHandle<BIO, BIO_free_all>;
using KeyPtr = CHandle<EVP_PKEY, EVP_PKEY_free>;
using StorePtr = CHandle<X509_STORE, X509_STORE_free>;
using StoreContextPtr = CHandle<X509_STORE_CTX, X509_STORE_CTX_free>;

BioPtr reading(std::string_view pem) { return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }
CertPtr certificate(const std::string& pem) {
  return CertPtr(PEM_read_bio_X509(reading(pem).get(), nullptr, nullptr, nullptr));
}

DevelopmentCertificate made(const std::vector<std::string>& names) {
  auto out = make_development_certificate(names, SystemClock().wall());
  EXPECT_TRUE(out);
  return std::move(*out);
}

TEST(init_config, reads_back_without_a_mistake) {
  for (const int port : {443, 8443, 64535}) {
    const Folder folder;
    InitOptions options;
    options.port = port;
    options.domain = "door.example.test";
    const auto salt = random_bytes<32>();
    const auto config =
        conf::read_node_config(folder.write("sallyport.yaml", init_config(options, base64_encode(salt))));
    ASSERT_TRUE(config) << to_line(config.error().front());
    EXPECT_EQ(config->gate.host, "door.example.test");
    EXPECT_EQ(config->gate.port, port);
    EXPECT_EQ(config->salt, as_text(ByteView(salt)));
    EXPECT_EQ(config->storage.sqlite_path, folder / "sallyport.db");
    ASSERT_EQ(config->listeners.size(), 2u);
    EXPECT_EQ(std::get<Endpoint>(config->listeners[0].address).port, port);
    EXPECT_EQ(std::get<Endpoint>(config->listeners[1].address).port, port + 1000);
    EXPECT_EQ(config->listeners[1].kind, conf::ListenerKind::kAdmin);
  }
}

TEST(init_config, names_the_option_that_is_wrong) {
  EXPECT_FALSE(init_mistake({}));
  const auto mistake = [](auto change) {
    InitOptions options;
    change(options);
    return init_mistake(options).value_or("");
  };
  using testing::HasSubstr;
  for (const char* const host :
       {"", "Gate.localhost", "a b", "gate_localhost\n", "127.0.0.1", "https://x", "a..b", "-a", "a: b"}) {
    EXPECT_THAT(mistake([&](InitOptions& o) { o.domain = host; }), HasSubstr("--domain")) << host;
    EXPECT_THAT(mistake([&](InitOptions& o) { o.apps = host; }), HasSubstr("--apps")) << host;
  }
  EXPECT_THAT(mistake([](InitOptions& o) { o.apps = o.domain; }), HasSubstr("must differ"));
  for (const char* const name : {"", "Root", "a b", "-x", "a\nb"})
    EXPECT_THAT(mistake([&](InitOptions& o) { o.admin = name; }), HasSubstr("--admin")) << name;
}

TEST(development_ca, signs_a_certificate_for_its_names_alone) {
  const DevelopmentCertificate pair = made({"gate.localhost", "apps.localhost", "*.apps.localhost", "127.0.0.1"});
  const CertPtr leaf = certificate(pair.cert_pem), ca = certificate(pair.ca_pem);
  ASSERT_TRUE(leaf && ca);
  for (const char* const name : {"gate.localhost", "apps.localhost", "x.apps.localhost"})
    EXPECT_EQ(X509_check_host(leaf.get(), name, 0, 0, nullptr), 1) << name;
  for (const char* const name : {"localhost", "other.localhost", "x.y.apps.localhost", "x.gate.localhost"})
    EXPECT_EQ(X509_check_host(leaf.get(), name, 0, 0, nullptr), 0) << name;
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf.get(), "127.0.0.2", 0), 0);

  const StorePtr trusted(X509_STORE_new());
  X509_STORE_add_cert(trusted.get(), ca.get());
  const auto verdict = [&](X509* one) {
    const StoreContextPtr context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), trusted.get(), one, nullptr);
    X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
    X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_X509_STRICT);
    return X509_verify_cert(context.get());
  };
  EXPECT_EQ(verdict(leaf.get()), 1);
  const CertPtr foreign = certificate(made({"gate.localhost"}).cert_pem);
  EXPECT_NE(verdict(foreign.get()), 1) << "the certificate of another authority";
}

TEST(development_ca, hands_out_the_key_of_the_certificate_and_not_that_of_the_authority) {
  const DevelopmentCertificate pair = made({"gate.localhost"});
  const KeyPtr key(PEM_read_bio_PrivateKey(reading(pair.key_pem.reveal()).get(), nullptr, nullptr, nullptr));
  ASSERT_TRUE(key);
  EXPECT_EQ(X509_check_private_key(certificate(pair.cert_pem).get(), key.get()), 1);
  EXPECT_NE(X509_check_private_key(certificate(pair.ca_pem).get(), key.get()), 1);
  EXPECT_EQ(pair.key_pem.reveal().find("-----BEGIN", 10), std::string_view::npos) << "one key";
}

TEST(development_ca, takes_names_longer_than_a_common_name) {
  const std::string name = std::string(60, 'a') + "." + std::string(60, 'b') + ".localhost";
  EXPECT_EQ(X509_check_host(certificate(made({name}).cert_pem).get(), name.c_str(), 0, 0, nullptr), 1);
  EXPECT_FALSE(make_development_certificate({}, WallMicros{0}));
}

}  // namespace
}  // namespace sallyport::cli
