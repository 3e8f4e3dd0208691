// Tells a running gateway what was just committed, and waits until it is in force there.
#pragma once

#include <chrono>
#include <string>

#include "cli/control_protocol.h"
#include "cli/terminal.h"
#include "storage/records.h"

namespace sallyport::cli {

constexpr std::chrono::seconds kTellLimit{5};
constexpr std::chrono::seconds kReloadLimit{60};

enum class Told : uint8_t { kInForce, kNoGateway, kNoAnswer };

// socket: control.sock of the store.   cost: at most about `limit`.
Told tell_gateway(const std::string& socket, storage::Generation generation,
                  std::chrono::milliseconds limit = kTellLimit);
// Has the gateway read its configuration again, and returns once that is in force.
// errors: kNotFound no gateway is running, kUnavailable it did not answer or refused, kMalformed its answer.
Result<ReloadOutcome> reload_gateway(const std::string& socket, std::chrono::milliseconds limit = kReloadLimit);
// The same as tell_gateway; a gateway that does not answer is warned about on stderr: the change is committed all the
// same.
void tell_or_warn(Terminal& terminal, const std::string& socket, storage::Generation generation);

}  // namespace sallyport::cli
