// The configuration that `sallyport init` writes, and what is wrong with the options it is made from.
#pragma once

#include <optional>
#include <string>

#include "cli/commands.h"

namespace sallyport::cli {

// In words for the person, naming the option; nothing when all is well.
std::optional<std::string> init_mistake(const InitOptions& options);
// salt: base64. Options without a mistake only.
std::string init_config(const InitOptions& options, const std::string& salt);

}  // namespace sallyport::cli
