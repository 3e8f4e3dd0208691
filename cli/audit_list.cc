#include "cli/audit_list.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/when.h"
#include "storage/audit_log.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;
using storage::ChainedAdminEvent;
constexpr size_t kPage = 500;

std::string text_of(const ordered_json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : "";
}

// Administrative events one after the other, a page at a time.
class AdminEvents {
 public:
  explicit AdminEvents(storage::Store& store) : store_(store) {}

  // Null at the end, and when the store fails: then error() says so.
  const ChainedAdminEvent* front() {
    if (at_ == page_.size() && !over_) {
      auto page = store_.admin_events(last_seq_, kPage);
      if (!page) error_ = page.error();
      over_ = !page || page->empty();
      page_ = page ? std::move(*page) : std::vector<ChainedAdminEvent>();
      at_ = 0;
      if (!page_.empty()) last_seq_ = page_.back().seq;
    }
    return at_ < page_.size() ? &page_[at_] : nullptr;
  }
  void pop() { ++at_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  storage::Store& store_;
  std::vector<ChainedAdminEvent> page_;
  size_t at_ = 0;
  uint64_t last_seq_ = 0;
  bool over_ = false;
  std::optional<Error> error_;
};

// Objects of events read "user alice", "datasource crm", "token ID of user alice".
bool names(const std::string& object, std::string_view kind, const std::string& name) {
  const std::string words = std::string(kind) + " " + name;
  return object == words || object.ends_with(" of " + words);
}

}  // namespace

bool fits(const AuditFilter& filter, const ordered_json& entry) {
  if (filter.since && text_of(entry, "time") < show_time_exactly(*filter.since)) return false;
  const std::string object = text_of(entry, "object");
  if (!filter.user.empty() && text_of(entry, "user") != filter.user && text_of(entry, "actor") != filter.user &&
      !names(object, "user", filter.user))
    return false;
  return filter.resource.empty() || text_of(entry, "resource") == filter.resource ||
         names(object, "datasource", filter.resource) || names(object, "instance", filter.resource);
}

ordered_json admin_entry(const ChainedAdminEvent& event) {
  return {{"seq", event.seq},
          {"time", show_time_exactly(event.event.at)},
          {"kind", "admin"},
          {"action", event.event.action},
          {"actor", event.event.actor},
          {"object", event.event.object},
          {"client", event.event.client},
          {"detail", event.event.detail}};
}

Outcome<void> walk_audit(storage::Store& store, const std::string& dir, const AuditFilter& filter,
                         const std::function<void(const ordered_json&)>& each) {
  AdminEvents events(store);
  const auto give = [&](const ordered_json& entry) {
    if (fits(filter, entry)) each(entry);
  };
  const auto give_events_until = [&](const std::string& time) {
    for (const ChainedAdminEvent* event = events.front(); event != nullptr; event = events.front()) {
      if (!time.empty() && show_time_exactly(event->event.at) > time) return;
      give(admin_entry(*event));
      events.pop();
    }
  };
  const auto give_access = [&](const storage::AuditEntry& entry) {
    if (entry.kind == storage::AuditKind::kCheckpoint) return true;
    const auto value = ordered_json::parse(entry.json, nullptr, false);
    if (value.is_discarded()) return true;
    give_events_until(text_of(value, "time"));
    give(value);
    return true;
  };
  // Before the first `serve` there is no folder.
  std::error_code ignored;
  Result<void> read;
  if (std::filesystem::exists(dir, ignored)) read = storage::read_audit(dir, 1, give_access);
  give_events_until("");
  if (events.error()) return failure("cannot read the administrative events", *events.error());
  if (!read) return failure("cannot read all of " + dir, read.error());
  return {};
}

}  // namespace sallyport::cli
