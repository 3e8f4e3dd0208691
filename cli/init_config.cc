#include "cli/init_config.h"

#include "policy/texts.h"

namespace sallyport::cli {

std::optional<std::string> init_mistake(const InitOptions& options) {
  for (const auto& [option, host] : {std::pair{"--domain", &options.domain}, std::pair{"--apps", &options.apps}})
    if (!policy::is_host_name(*host)) return std::string(option) + " must be a host name in small letters";
  if (options.domain == options.apps) return "--domain and --apps must differ: the gate's own host carries no resource";
  if (!policy::is_name(options.admin))
    return "--admin must begin with a small letter or digit; then small letters, digits, `.`, `_` and `-`; at most 63 "
           "in all";
  return std::nullopt;
}

std::string init_config(const InitOptions& options, const std::string& salt) {
  const std::string port = std::to_string(options.port);
  const std::string authority = options.domain + (options.port == 443 ? "" : ":" + port);
  return "# This node of a Sallyport installation. `sallyport check -c FILE` says what is wrong with it;\n"
         "# `sallyport schema configuration` lists every key. Paths are relative to this file.\n"
         "\n"
         "storage: sqlite:sallyport.db\n"
         "\n"
         "# Whoever has this file and the store has every secret. Keep a copy of it where the store's backups are "
         "not.\n"
         "master_key: file:master.key\n"
         "# Belongs to this store; without it the store cannot be opened.\n"
         "salt: " +
         salt +
         "\n"
         "\n"
         "# Where people sign in. Resources live on other hosts, here: under " +
         options.apps +
         ".\n"
         "gate: https://" +
         authority +
         "\n"
         "\n"
         "listeners:\n"
         "  - address: 127.0.0.1:" +
         port +
         "\n"
         "    tls:\n"
         "      # Made by `sallyport init` for trying things out; the authority's key was thrown away.\n"
         "      certificates:\n"
         "        - {cert: tls/cert.pem, key: tls/key.pem}\n"
         "  # Plain HTTP for the machine itself: /live /ready /metrics\n"
         "  - address: 127.0.0.1:" +
         std::to_string(options.port + 1000) +
         "\n"
         "    kind: admin\n"
         "\n"
         "audit: {dir: audit}\n"
         "log: {level: info, format: json}\n";
}

}  // namespace sallyport::cli
