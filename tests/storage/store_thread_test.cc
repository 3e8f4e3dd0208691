// The store's thread seen from loops: answers come back to the loop that asked, and who no longer waits is not resumed.
#include <thread>

#include "base/loop.h"
#include "storage/key_holder.h"
#include "storage/store.h"
#include "tests/storage/store_fixture.h"

namespace sallyport::storage {
namespace {

class StopWhenDone final : public TaskOwner {
 public:
  explicit StopWhenDone(Loop& loop) : loop_(loop) {}
  void task_done() noexcept override { loop_.stop(); }

 private:
  Loop& loop_;
};

FlowRecord flow(const std::string& key) {
  return {sha256(as_bytes(key)), "hand-over", Bytes(10), WallMicros{INT64_MAX}};
}

ChangeSet put(const std::string& key) {
  ChangeSet set;
  set.changes.push_back(PutFlow{flow(key)});
  return set;
}

class StoreThreadTest : public StoreTest {
 protected:
  template <class T>
  T run(Loop& loop, Task<T> task) {
    StopWhenDone owner(loop);
    loop.post([&] { task.start(&owner); });
    loop.run();
    return task.take();
  }
};

TEST_F(StoreThreadTest, commits_and_takes) {
  StoreThread thread(open_sqlite(path_, SqliteOpen::kCommand).value());
  const Sha256 key = flow("f").key_hash;
  {
    Loop loop(clock_);
    EXPECT_TRUE(run(loop, thread.commit(loop, put("f"), {})));
  }
  {
    Loop loop(clock_);
    EXPECT_TRUE(run(loop, thread.peek_flow(loop, key, clock_.now)));
  }
  {
    Loop loop(clock_);
    EXPECT_TRUE(run(loop, thread.take_flow(loop, key, clock_.now)));
  }
  Loop loop(clock_);
  EXPECT_EQ(run(loop, thread.take_flow(loop, key, clock_.now)).error().code, Code::kNotFound);
}

TEST_F(StoreThreadTest, an_error_comes_back_as_an_error) {
  StoreThread thread(open_sqlite(path_, SqliteOpen::kCommand).value());
  Loop loop(clock_);
  ChangeSet set;
  set.changes.push_back(DeleteResource{RecordId::random()});
  EXPECT_EQ(run(loop, thread.commit(loop, std::move(set), {})).error().code, Code::kConflict);
}

// Takes a flow on a loop of its own, some times over.
Task<int> take_all(StoreThread& thread, Loop& loop, int count_max) {
  int got = 0;
  for (int i = 0; i < count_max; ++i) {
    auto taking = thread.take_flow(loop, flow(std::to_string(i)).key_hash, WallMicros{0});
    const auto taken = co_await taking;
    if (taken) ++got;
  }
  co_return got;
}

TEST_F(StoreThreadTest, two_loops_share_it_and_a_flow_goes_to_one_of_them) {
  constexpr int kFlows = 50;
  for (int i = 0; i < kFlows; ++i) ASSERT_TRUE(store_->commit(put(std::to_string(i)), {}));
  StoreThread thread(open_sqlite(path_, SqliteOpen::kCommand).value());
  int got[2] = {0, 0};
  const auto work = [&](int& out) {
    Loop loop(clock_);
    out = run(loop, take_all(thread, loop, kFlows));
  };
  std::thread other([&] { work(got[1]); });
  work(got[0]);
  other.join();
  EXPECT_EQ(got[0] + got[1], kFlows);
}

TEST_F(StoreThreadTest, an_abandoned_commit_is_still_made) {
  {
    StoreThread thread(open_sqlite(path_, SqliteOpen::kCommand).value());
    Loop loop(clock_);
    auto committing = thread.commit(loop, put("f"), {});
    loop.post([&] {
      committing.start();
      committing.cancel();
      loop.stop();
    });
    loop.run();
  }
  EXPECT_TRUE(store_->peek_flow(flow("f").key_hash, clock_.now));
}

TEST_F(StoreThreadTest, submitted_jobs_run_in_order_with_the_store) {
  std::vector<int> order;
  {
    StoreThread thread(open_sqlite(path_, SqliteOpen::kCommand).value());
    for (int i = 0; i < 10; ++i)
      ASSERT_TRUE(thread.submit([&order, i](Store& store) {
        EXPECT_TRUE(store.generation());
        order.push_back(i);
      }));
  }
  EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(StoreThreadTest, the_key_holder_opens_and_refuses) {
  LocalKeyHolder holder(*keyring_);
  const SealContext context{.installation = {},
                            .kind = "datasource",
                            .record = RecordId::random(),
                            .field = "secrets.a",
                            .destination = "",
                            .epoch = 1};
  const Bytes sealed = keyring_->seal(context, as_bytes("value")).value();
  auto opening = holder.unseal({context, sealed});
  opening.start();
  ASSERT_TRUE(opening.done());
  EXPECT_EQ(opening.take().value().reveal(), "value");
  SealContext other = context;
  other.epoch = 2;
  auto refused = holder.unseal({other, sealed});
  refused.start();
  EXPECT_EQ(refused.take().error().code, Code::kDenied);
}

}  // namespace
}  // namespace sallyport::storage
