// Tells of records that do not verify: each once, in the log (record_refused) and as an alert in the audit log. The
// record alone is out of use; everything else goes on.
#pragma once

#include <map>
#include <span>

#include "base/log.h"
#include "policy/record.h"
#include "storage/audit_log.h"

namespace sallyport::cli {

class RefusedRecords {
 public:
  RefusedRecords(Log& log, storage::AuditLog& audit) : log_(log), audit_(audit) {}
  void look_at(std::span<const policy::ResourceRecord> records, WallMicros now);
  // A key of the installation that does not open. purpose: a literal.
  void tell_of_key(const RecordId& id, const char* purpose, WallMicros now);

 private:
  void tell(std::string_view kind, std::string_view name, WallMicros now);

  Log& log_;
  storage::AuditLog& audit_;
  std::map<RecordId, uint64_t> told_;  // -> the version it was told of
};

}  // namespace sallyport::cli
