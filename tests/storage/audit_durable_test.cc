// Durable mode: access.begin is on the disk before the request goes on.
#include <thread>

#include "tests/storage/audit_world.h"

namespace sallyport::storage {
namespace {

class AuditDurableTest : public AuditWorld {
 protected:
  struct Outcome {
    bool done = false;
    Result<void> result;
    uint64_t synced = 0;
  };
  Task<void> begin(AuditLog& log, Outcome& out) {
    auto recording = log.record_begin_durably(loop_, event(), place(log));
    out.result = co_await recording;
    out.synced = log.health().synced_entries;
    out.done = true;
    if (--waiting_ == 0) loop_.stop();
  }

  SystemClock real_;
  Loop loop_{real_};
  int waiting_ = 0;
};

TEST_F(AuditDurableTest, resumes_everybody_who_waits_once_the_entries_are_synced) {
  auto log = open(options(1 << 20));
  std::vector<Outcome> outcomes(200);
  std::vector<Task<void>> tasks;
  waiting_ = static_cast<int>(outcomes.size());
  for (Outcome& outcome : outcomes) {
    tasks.push_back(begin(*log, outcome));
    tasks.back().start();
  }
  loop_.run();
  for (size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_TRUE(outcomes[i].done);
    EXPECT_TRUE(outcomes[i].result.has_value());
    EXPECT_GE(outcomes[i].synced, i + 1) << "never before its entry is on the disk";
  }
  EXPECT_EQ(read()[0]["kind"], "access.begin");
}

TEST_F(AuditDurableTest, a_cancelled_wait_is_forgotten_and_its_entry_stays) {
  auto log = open(options(1 << 20));
  Outcome cancelled;
  Outcome kept;
  waiting_ = 1;
  Task<void> first = begin(*log, cancelled);
  Task<void> second = begin(*log, kept);
  first.start();
  second.start();
  first.cancel();
  loop_.run();
  EXPECT_FALSE(cancelled.done);
  EXPECT_TRUE(kept.done);
  EXPECT_EQ(read().size(), 2u);
}

TEST_F(AuditDurableTest, a_wait_can_be_cancelled_after_the_sync_and_before_its_resume) {
  auto log = open(options(1 << 20));
  Outcome cancelled;
  Task<void> task = begin(*log, cancelled);
  task.start();
  log->flush();  // the resume is posted by now, or by the background thread's sync
  task.cancel();
  waiting_ = 1;
  Outcome kept;
  Task<void> after = begin(*log, kept);
  after.start();
  loop_.run();
  EXPECT_FALSE(cancelled.done);
}

TEST_F(AuditDurableTest, closing_the_log_serves_who_still_waits) {
  auto log = open(options(1 << 20));
  auto recording = log->record_begin_durably(loop_, event(), place(*log));
  recording.start();
  log.reset();
  loop_.stop();
  loop_.run();
  ASSERT_TRUE(recording.done());
  EXPECT_TRUE(recording.take().has_value());
}

TEST_F(AuditDurableTest, several_loops_wait_at_once) {
  auto log = open(options(4 << 20));
  std::vector<std::thread> threads;
  std::atomic<int> served = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      Loop loop(real_);
      struct Client {
        static Task<void> run(AuditLog& log, Loop& loop, const AccessEvent& event, std::atomic<int>& served) {
          for (int i = 0; i < 50; ++i) {
            auto slot = log.reserve();
            if (!slot) break;
            auto begin = log.record_begin_durably(loop, event, *std::move(slot));
            if (const auto done = co_await begin; done) ++served;
          }
          loop.stop();
        }
      };
      const AccessEvent access = event();
      Task<void> client = Client::run(*log, loop, access, served);
      client.start();
      loop.run();
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, 200);
  log.reset();
  EXPECT_FALSE(verify().broken_seq);
}

}  // namespace
}  // namespace sallyport::storage
