// The wait between a commit and its answer: who is told that something is over must not meet it any more.
#pragma once

#include <functional>

#include "base/loop.h"
#include "base/task.h"
#include "storage/records.h"

namespace sallyport::sso {

// Awaited until the generation is in force in every worker, and what it ends has ended; or the process stops.
// May be empty: then nothing is waited for.
using AwaitInForce = std::function<Task<void>(Loop& home, storage::Generation generation)>;

// await: lives as long as the task.
inline Task<void> wait_until_in_force(const AwaitInForce& await, Loop& home, storage::Generation generation) {
  if (!await) co_return;
  auto waiting = await(home, generation);
  co_await waiting;
}

}  // namespace sallyport::sso
