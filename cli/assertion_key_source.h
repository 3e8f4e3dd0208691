// Turns the store's records of assertion keys into the value that the workers sign with, whenever they have changed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/refused_records.h"
#include "sso/assertion_key_store.h"

namespace sallyport::cli {

class AssertionKeySource {
 public:
  // issuer: the gate's origin.
  AssertionKeySource(const storage::Keyring& keyring, RefusedRecords& refused, Log& log, std::string issuer)
      : keyring_(keyring), refused_(refused), log_(log), issuer_(std::move(issuer)) {}

  // What is to come into force; null when these are the records of the time before, or (told in the log) none of them
  // signs: then what is in force stays. A record that was changed outside of this program is told of, and left out.
  std::shared_ptr<const sso::AssertionKeys> look_at(const std::vector<storage::NamedKeyRecord>& records,
                                                    WallMicros now);

 private:
  const storage::Keyring& keyring_;
  RefusedRecords& refused_;
  Log& log_;
  std::string issuer_;
  std::vector<storage::NamedKeyRecord> seen_;
};

}  // namespace sallyport::cli
