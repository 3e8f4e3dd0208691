#include "cli/refused_records.h"

namespace sallyport::cli {

void RefusedRecords::look_at(std::span<const policy::ResourceRecord> records, WallMicros now) {
  for (const policy::ResourceRecord& record : records) {
    if (!record.damaged) continue;
    const auto [told, first_time] = told_.try_emplace(record.id, record.version);
    if (!first_time && std::exchange(told->second, record.version) == record.version) continue;
    tell(policy::to_string(record.kind), record.name, now);
  }
}

void RefusedRecords::tell_of_key(const RecordId& id, const char* purpose, WallMicros now) {
  if (told_.try_emplace(id, 0).second) tell("key", purpose, now);
}

void RefusedRecords::tell(std::string_view kind, std::string_view name, WallMicros now) {
  log_.error("record_refused",
             {{"kind", kind}, {"name", name}, {"reason", "the record was changed outside of Sallyport"}});
  auto slot = audit_.reserve();
  if (!slot) return;  // no room: the audit log says so itself
  storage::AccessEvent event;
  event.kind = storage::AuditKind::kAlert;
  event.at = now;
  event.resource = name;
  event.outcome = "refused";
  event.reason = "record does not verify";
  audit_.record(std::move(*slot), event);
}

}  // namespace sallyport::cli
