// The unsealed, ready-to-write form of what a resource injects, kept per worker while the resource's version is in
// force. The texts stand in locked memory; they are made through the KeyHolder at first use and dropped with the
// snapshot.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/secret.h"
#include "base/task.h"
#include "policy/snapshot.h"
#include "storage/key_holder.h"

namespace sallyport::proxy {

struct RenderedCredential {
  SecretBytes headers;             // "Name: value\r\n"..., as written
  SecretBytes query;               // "name=value&..." percent-encoded
  SecretBytes first_message;       // JSON, UTF-8: the first text message of a WebSocket to the upstream; empty: none
  std::vector<std::string> names;  // of the injected headers, lower case: the client's own are dropped
  bool authorization = false;      // Authorization is among them
};

// Shared by the requests that use it: one that waits for its upstream may outlive the version it began with.
using CredentialPtr = std::shared_ptr<const RenderedCredential>;

class Credentials {
 public:
  Credentials(storage::KeyHolder& keys, RecordId installation) : keys_(keys), installation_(installation) {}

  // At once, or null when it has to be made first.
  CredentialPtr find(const policy::CompiledResource& resource, const policy::CredentialRule& rule) const;
  // errors: kDenied a sealed value was tampered with; kNotFound a secret that an injection names is not there;
  // kMalformed a secret that cannot stand in a header; kLimit secret memory.
  Task<Result<CredentialPtr>> make(const policy::CompiledResource& resource, const policy::CredentialRule& rule);
  void retire_others(const policy::Snapshot& snapshot);

 private:
  struct Entry {
    std::shared_ptr<const policy::CompiledResource> resource;
    CredentialPtr rendered;
  };
  Task<Result<SecretBytes>> value_of(const policy::CompiledResource& resource,
                                     const std::vector<policy::TemplatePart>& parts);
  Task<Result<SecretBytes>> secret_of(const policy::CompiledResource& resource, const std::string& name);

  storage::KeyHolder& keys_;
  const RecordId installation_;
  std::unordered_map<const policy::CredentialRule*, Entry> entries_;
};

}  // namespace sallyport::proxy
