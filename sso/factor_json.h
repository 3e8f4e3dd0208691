// A second factor and recovery codes as the API shows them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "sso/factor_pages.h"
#include "sso/recovery_codes.h"

namespace sallyport::sso {

nlohmann::json factor_json(const FactorShown& factor);
nlohmann::json codes_json(const std::vector<NewRecoveryCode>& codes);  // in clear, the one time

}  // namespace sallyport::sso
