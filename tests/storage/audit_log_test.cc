#include "storage/audit_log.h"

#include "tests/storage/audit_world.h"

namespace sallyport::storage {
namespace {

class AuditLogTest : public AuditWorld {};

TEST_F(AuditLogTest, gives_back_every_field_by_name) {
  auto log = open();
  record(*log, 1);
  const auto entries = read();
  ASSERT_EQ(entries.size(), 1u);
  const nlohmann::json expected = {{"seq", 1},
                                   {"time", "2023-11-14T22:13:20.000000Z"},
                                   {"node", "node-1"},
                                   {"kind", "access"},
                                   {"request_id", "req-1"},
                                   {"client", "192.0.2.7"},
                                   {"user", "alice"},
                                   {"user_id", RecordId{{std::byte{1}}}.to_string()},
                                   {"means", "session"},
                                   {"means_id", RecordId{{std::byte{2}}}.to_string()},
                                   {"strength", "mfa"},
                                   {"resource", "crm"},
                                   {"host", "crm.apps.localhost"},
                                   {"method", "GET"},
                                   {"path", "/v1/things"},
                                   {"outcome", "allow"},
                                   {"reason", "rule"},
                                   {"rule", 1},
                                   {"status", 200},
                                   {"latency_us", 1234},
                                   {"request_bytes", 10},
                                   {"response_bytes", 20}};
  EXPECT_EQ(entries[0], expected);
}

TEST_F(AuditLogTest, verifies_beside_the_writer_and_after_it) {
  auto log = open(options(1 << 20));
  record(*log, 500);
  EXPECT_EQ(log->entries(), 500u);
  VerifyOutcome outcome = verify();
  EXPECT_FALSE(outcome.broken_seq) << outcome.reason;
  EXPECT_EQ(outcome.entries, 500u);
  log.reset();
  outcome = verify();
  EXPECT_FALSE(outcome.broken_seq) << outcome.reason;
  EXPECT_EQ(outcome.entries, 501u);
  EXPECT_EQ(read().back()["kind"], "checkpoint");
  EXPECT_EQ(read().back()["cause"], "close");
}

TEST_F(AuditLogTest, goes_on_where_it_ended_over_many_segments) {
  for (int round = 0; round < 4; ++round) {
    auto log = open(options(16 << 10));
    for (int i = 0; i < 40; ++i) {
      record(*log, 5);
      log->flush();
    }
  }
  const VerifyOutcome outcome = verify();
  EXPECT_FALSE(outcome.broken_seq) << *outcome.broken_seq << outcome.reason;
  const auto entries = read();
  EXPECT_EQ(entries.size(), outcome.entries);
  EXPECT_EQ(std::count_if(entries.begin(), entries.end(), [](const auto& e) { return e["kind"] == "access"; }), 800);
  EXPECT_GT(std::distance(std::filesystem::directory_iterator(dir()), {}), 10);
}

}  // namespace
}  // namespace sallyport::storage
