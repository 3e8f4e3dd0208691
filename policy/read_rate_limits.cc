// `rate_limits` of the platform, a datasource or an instance.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/shape.h"
#include "base/units.h"
#include "policy/read_protected.h"

namespace sallyport::policy {

using Json = nlohmann::json;

std::vector<RateLimit> read_rate_limits(const Json& object, Mistakes& mistakes) {
  std::vector<RateLimit> out;
  const Json* const list = member(object, "rate_limits");
  if (!list || !list->is_array()) return out;
  for (size_t i = 0; i < list->size(); ++i) {
    const Json& entry = (*list)[i];
    const std::string path = join_path("rate_limits", i);
    if (!entry.is_object() || !is_clean(mistakes, path)) continue;
    RateLimit limit;
    limit.by = parse_rate_by(text_at(entry, "by").value_or("")).value_or(RateBy::kAll);
    limit.requests = integer_at(entry, "requests").value_or(1);
    limit.burst = integer_at(entry, "burst").value_or(limit.requests);
    limit.per = parse_duration(text_at(entry, "per").value_or("")).value_or(kRatePerMin);
    // Two that are the same would share their buckets, and each request would count twice.
    if (std::ranges::find(out, limit) != out.end())
      mistakes.push_back({path, "the same limit stands above already", "conflict", "", 0});
    out.push_back(limit);
  }
  return out;
}

}  // namespace sallyport::policy
