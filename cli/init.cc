// sallyport init: a folder with everything `sallyport serve` needs, made for this machine, and the first user.
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/random.h"
#include "cli/commands.h"
#include "cli/development_ca.h"
#include "cli/init_config.h"
#include "cli/new_files.h"
#include "cli/node_parts.h"

namespace sallyport::cli {
namespace {

using nlohmann::json;
constexpr size_t kPasswordCharacters = 20;
// No letter that looks like another one; 32 of them, so that a random byte gives one evenly (100 bits in all).
constexpr std::string_view kPasswordAlphabet = "abcdefghjkmnpqrstuvwxyz23456789-";
static_assert(kPasswordAlphabet.size() == 32);

std::string make_password() {
  auto bytes = random_bytes<kPasswordCharacters>();
  std::string out;
  for (const std::byte byte : bytes) out += kPasswordAlphabet[static_cast<size_t>(byte) % kPasswordAlphabet.size()];
  wipe(bytes);
  // A dash at an end gets lost when it is copied.
  for (char* const end : {&out.front(), &out.back()})
    if (*end == '-') *end = 'x';
  return out;
}

struct Places {
  std::filesystem::path dir;
  std::filesystem::path config() const { return dir / "sallyport.yaml"; }
  std::filesystem::path master_key() const { return dir / "master.key"; }
  std::filesystem::path tls() const { return dir / "tls"; }
  std::filesystem::path store() const { return dir / "sallyport.db"; }
  std::vector<std::filesystem::path> all() const {
    return {config(), master_key(), tls() / "ca.pem", tls() / "cert.pem", tls() / "key.pem", store()};
  }
};

Outcome<void> nothing_there(const Places& places) {
  std::string found;
  for (const auto& file : places.all()) {
    std::error_code ignored;
    if (std::filesystem::symlink_status(file, ignored).type() != std::filesystem::file_type::not_found)
      found += (found.empty() ? "" : ", ") + file.string();
  }
  if (!found.empty()) return failure("nothing was made, since this is there: " + found);
  return {};
}

Outcome<void> write_files(const Places& places, const InitOptions& options, NewFiles& files) {
  auto master = random_bytes<32>();
  std::string master_text = base64_encode(master) + "\n";
  wipe(master);
  const auto certificate =
      make_development_certificate({options.domain, options.apps, "*." + options.apps}, SystemClock().wall());
  if (!certificate) return failure("cannot make the certificate", certificate.error());
  const std::string config = init_config(options, base64_encode(random_bytes<32>()));

  auto done = files.make_folder(places.dir);
  if (done) done = files.make_folder(places.tls());
  if (done) done = files.write(places.master_key(), as_bytes(master_text), 0600);
  wipe(master_text);
  if (done) done = files.write(places.tls() / "ca.pem", as_bytes(certificate->ca_pem), 0644);
  if (done) done = files.write(places.tls() / "cert.pem", as_bytes(certificate->cert_pem), 0644);
  if (done) done = files.write(places.tls() / "key.pem", certificate->key_pem.view(), 0600);
  if (done) done = files.write(places.config(), as_bytes(config), 0644);
  return done;
}

Outcome<void> make_store(const Places& places, const InitOptions& options, const std::string& password,
                         NewFiles& files) {
  for (const char* const suffix : {"", "-wal", "-shm"}) files.expect(places.store().string() + suffix);
  auto node = open_node(places.config().string(), StoreUse::kCreate);
  if (!node) return std::unexpected(std::move(node.error()));
  std::vector<json> documents;
  documents.push_back({{"kind", "platform"}, {"name", "platform"}});
  documents.push_back({{"kind", "user"}, {"name", options.admin}, {"admin", true}, {"password", password}});
  auto service = make_service(*node);
  auto applied =
      service.apply(documents, storage::ApplyMode::kCommit, storage::Prune::kNo, actor(), node->config.gate.host);
  if (applied) return {};
  return std::unexpected(failure_of("cannot make the first user", std::move(applied.error())));
}

}  // namespace

int run_init(Terminal& terminal, const InitOptions& options) {
  if (const auto wrong = init_mistake(options)) {
    refuse(terminal, {*wrong});
    return kWrongUsage;
  }
  const Places places{options.dir.empty() ? "." : options.dir};
  if (const auto fresh = nothing_there(places); !fresh) return refuse(terminal, fresh.error());
  NewFiles files;
  std::string password = make_password();
  auto done = write_files(places, options, files);
  if (done) done = make_store(places, options, password, files);
  if (!done) {
    wipe(password);
    return refuse(terminal, done.error());
  }
  terminal.out << "admin: " << options.admin << " password: " << password << '\n';
  terminal.out.flush();
  wipe(password);
  // A password that nobody saw is of no use: then the folder goes again.
  if (!terminal.out.good()) return refuse(terminal, {"cannot write the password to standard output; nothing was made"});
  files.keep();
  return kDone;
}

}  // namespace sallyport::cli
