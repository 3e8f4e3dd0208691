#include "sso/factor_json.h"

#include <nlohmann/json.hpp>

#include "base/time_text.h"

namespace sallyport::sso {

using nlohmann::json;

json factor_json(const FactorShown& factor) {
  json out{{"id", factor.id.to_string()},
           {"kind", std::string(to_string(factor.kind))},
           {"name", factor.name},
           {"created", show_time_exactly(factor.created_at)},
           {"last_used", nullptr}};
  if (factor.used_at) out["last_used"] = show_time_exactly(*factor.used_at);
  return out;
}

json codes_json(const std::vector<NewRecoveryCode>& codes) {
  json out = json::array();
  for (const NewRecoveryCode& code : codes) out.push_back(code.shown.reveal());
  return out;
}

}  // namespace sallyport::sso
