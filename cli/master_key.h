// Reads master keys from where the configuration says they are (DESIGN section 5, `master_key`): a file that only its
// owner can read, an environment variable (overwritten once read), or the standard output of a command (/bin/sh -c).
#pragma once

#include <vector>

#include "base/secret.h"
#include "cli/terminal.h"
#include "conf/node_config.h"

namespace sallyport::cli {

constexpr size_t kMasterKeyBytes = 32;
constexpr size_t kMasterKeyTextBytesMax = 4096;  // what a source may hold, white space included

// base64 of 32 bytes, white space at the end ignored. `source` names it in the message ("master key FILE").
Outcome<SecretBytes> decode_master_key(std::string_view text, const std::string& source);

// cost: a command may take up to 30 s, then it is ended.
Outcome<SecretBytes> read_master_key(const conf::MasterKeySource& source);
Outcome<std::vector<SecretBytes>> read_master_keys(const std::vector<conf::MasterKeySource>& sources);

}  // namespace sallyport::cli
