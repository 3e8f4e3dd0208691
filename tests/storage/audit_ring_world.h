// AuditWorld with what the tests of the ring share: a crash, and what is found after it.
#pragma once

#include "storage/audit_ring_scan.h"
#include "tests/storage/audit_tamper.h"

namespace sallyport::storage {

namespace fs = std::filesystem;
using namespace audit;

class AuditRingTest : public AuditWorld {
 protected:
  std::string ring() const { return ring_path(dir()); }

  // The folder as kill -9 leaves it. The log is idle, so what is copied belongs together.
  void crash(std::unique_ptr<AuditLog> log) {
    fs::copy(dir(), dir() + ".crashed");
    log.reset();
    fs::remove_all(dir());
    fs::rename(dir() + ".crashed", dir());
  }
  void crash_with(size_t count) {
    auto log = open();
    record(*log, count);
    crash(std::move(log));
  }
  // Entries that are in the files of the segments.
  size_t in_segment(uint32_t number) { return TamperedSegment(segment(number)).count(); }

  // Access entries /1, /2, /3xxx ... each once and in order; their number.
  size_t expect_each_once(const char* when) {
    const VerifyOutcome outcome = verify();
    EXPECT_FALSE(outcome.broken_seq) << when << ": " << *outcome.broken_seq << ": " << outcome.reason;
    size_t count = 0;
    for (const auto& entry : read())
      if (entry["kind"] == "access") {
        const auto path = entry["path"].get<std::string>();
        EXPECT_EQ(path.substr(0, path.find('x')), "/" + std::to_string(++count)) << when;
      }
    return count;
  }
  size_t alerts() const {
    const auto entries = read();
    return static_cast<size_t>(
        std::count_if(entries.begin(), entries.end(), [](const auto& e) { return e["kind"] == "alert"; }));
  }
  void expect_refused(const AuditOptions& with, Code code, std::string_view what) {
    const auto log = AuditLog::open(with, seed_of('k'), clock_);
    ASSERT_FALSE(log.has_value());
    EXPECT_EQ(log.error().code, code);
    EXPECT_NE(std::string_view(log.error().what).find(what), std::string_view::npos) << log.error().what;
  }
};

}  // namespace sallyport::storage
