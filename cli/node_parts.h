// What a command needs of this node, opened in the order in which it can fail: configuration, master keys, store,
// keyring.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "cli/open_store.h"
#include "cli/terminal.h"
#include "conf/node_config.h"
#include "storage/keyring.h"
#include "storage/resource_service.h"
#include "storage/store.h"

namespace sallyport::cli {

// The file that -c, $SALLYPORT_CONFIG, ./sallyport.yaml or /etc/sallyport/sallyport.yaml gives, in this order.
Outcome<std::string> find_config(const std::string& given);
// Every mistake of the file and of the files it names.
Outcome<conf::NodeConfig> load_config(const std::string& given);

struct NodeParts {
  conf::NodeConfig config;
  SystemClock clock;
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<storage::Keyring> keyring;

  std::string control_socket() const { return control_socket_path(config.storage.sqlite_path); }
};
Outcome<NodeParts> open_node(const std::string& given_config, StoreUse use = StoreUse::kCommand);
// The same for a configuration that was read before.
Outcome<NodeParts> open_node(conf::NodeConfig config, StoreUse use);

// The service under every command that changes resources, with the password policy of this installation.
storage::ResourceService make_service(NodeParts& node);

// Who did it, for the audit log: "cli:UID".
std::string actor();

// What a failed apply, set_password ... says.
Failure failure_of(std::string_view while_doing, storage::ApplyFailure failure);

}  // namespace sallyport::cli
