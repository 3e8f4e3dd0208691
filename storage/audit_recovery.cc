#include "storage/audit_recovery.h"

#include <sys/stat.h>
#include <unistd.h>

#include "storage/audit_scan.h"

namespace sallyport::storage::audit {
namespace {

std::unexpected<Error> denied(const char* what) { return fail(Code::kDenied, Side::kStorage, what); }

// A file that was being set aside when the process died can have any size.
bool was_made_whole(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && static_cast<uint64_t>(status.st_size) >= kSegmentBytesMin &&
         status.st_size % 4096 == 0;
}

Result<ChainEnd> read_end(std::unique_ptr<Segment> segment, const RecordId& installation) {
  const auto header = decode_header(segment->view());
  if (!header) return denied("audit segment header is broken; see `sallyport audit verify`");
  if (header->number != segment->number() || header->segment_bytes != segment->size())
    return denied("audit segment is not the one its name says; see `sallyport audit verify`");
  if (header->installation != installation) return denied("audit folder belongs to another installation");

  ChainEnd end;
  SegmentScan scan(segment->view(), *header);
  ScannedEntry entry;
  SegmentScan::Step step;
  while ((step = scan.next(entry)) == SegmentScan::Step::kEntry) {
    end.checkpointed = entry.head.kind == static_cast<uint8_t>(AuditKind::kCheckpoint);
    end.ended = end.checkpointed && entry.head.flags == static_cast<uint16_t>(CheckpointCause::kSegmentEnd);
  }
  if (step == SegmentScan::Step::kBroken && !scan.looks_torn())
    return denied("audit chain is broken; see `sallyport audit verify`");
  if (scan.tail() != SegmentScan::Tail::kZero) {
    if (end.ended) return denied("audit segment goes on after its end; see `sallyport audit verify`");
    segment->zero_from(scan.position());
    if (!segment->sync()) return fail(Code::kUnavailable, Side::kStorage, "audit segment cannot be synced");
    end.cut = true;
  }
  end.header = *header;
  end.position = scan.position();
  end.seq = scan.last_seq();
  end.hash = scan.last_hash();
  end.segment = std::move(segment);
  return end;
}

}  // namespace

Result<std::optional<ChainEnd>> recover_chain(const std::string& dir, const RecordId& installation) {
  TRY(std::vector<uint32_t> numbers, list_segments(dir));
  bool cut = false;
  for (; !numbers.empty(); numbers.pop_back()) {
    const std::string path = segment_path(dir, numbers.back());
    if (was_made_whole(path)) {
      TRY(auto segment, Segment::open(dir, numbers.back()));
      if (!all_zero(segment->view().first(kHeaderBytes))) {
        TRY(ChainEnd end, read_end(std::move(segment), installation));
        end.cut |= cut;
        return end;
      }
      if (!all_zero(segment->view())) {  // a power cut took its first page: kept aside for people
        cut = true;
        if (::rename(path.c_str(), (path + ".lost").c_str()) == 0) continue;
      }
    }
    if (::unlink(path.c_str()) != 0) return fail(Code::kUnavailable, Side::kStorage, "audit folder cannot be written");
  }
  return std::optional<ChainEnd>{};
}

}  // namespace sallyport::storage::audit
