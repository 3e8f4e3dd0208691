// A resource as the store keeps it: what the snapshot is compiled from. Secrets stay sealed here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/record_id.h"
#include "policy/resource.h"

namespace sallyport::policy {

struct SealedField {
  std::string field;   // "secrets.token", "password", "factors"
  Bytes sealed;        // see storage/seal.h
  uint64_t epoch = 0;  // from the table of epochs
};

// The field of a user's record with the second factors (sso/factors.h). `apply` and `get` never speak of it.
constexpr std::string_view kFactorsField = "factors";

struct ResourceRecord {
  RecordId id;
  Kind kind = Kind::kPlatform;
  std::string name;
  std::string spec;      // canonical JSON of the document without kind, name, secrets and password
  uint64_t version = 0;  // the generation that wrote it
  bool applied = false;  // made by `apply` (what --prune may delete)
  std::vector<SealedField> secrets;
  bool damaged = false;  // the row's MAC does not fit: refuse this record alone
};

}  // namespace sallyport::policy
