// Does a stream that was opened under one decision still go where, and as whom, it would go if it were opened now? For
// what stays open while the world changes: a WebSocket that was opened with a member's credential must not outlive the
// role.
#pragma once

#include "policy/decision.h"

namespace sallyport::policy {

// Both decisions allow. Compared are the upstream and whom it is trusted by, the credential with the sealed values it
// uses, what may be said, and the role, of which every upstream is told. cost: two pointers where nothing of the
// resource has changed.
bool same_passage(const CompiledResource& was, const Decision& then, const CompiledResource& is, const Decision& now);

}  // namespace sallyport::policy
