// The request that `explain` is asked about, read from its options, and who makes it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "policy/identity.h"
#include "policy/snapshot.h"
#include "storage/store.h"

namespace sallyport::cli {

struct AskedRequest {
  std::string method;
  std::string host;  // lower case, without port
  std::string path;  // as sent
  ClientAddress client;
  bool websocket = false;
  WallMicros now{};
  std::optional<policy::Identity> identity;   // nothing: nobody
  std::unique_ptr<policy::TokenScope> scope;  // what identity->scope points at
  bool token_over = false;                    // expired
};

// errors: a URL, address, method or age that is none, with the option's name.
Outcome<AskedRequest> read_request(const ExplainOptions& options);

// Sets identity: a session or token of the options' user at request.now. A user who is not there is asked about all the
// same: whoever has such a session is no one. errors: a token that is not there, or whose name several have.
Outcome<void> identify(storage::Store& store, const policy::Snapshot& snapshot, const ExplainOptions& options,
                       AskedRequest& request);

}  // namespace sallyport::cli
