// The anchor: a text file, best kept where the gateway's host cannot rewrite it, to which every checkpoint is copied.
// It shows what the segments by themselves cannot: that their end, or all of them, were taken away. One line per
// checkpoint; several nodes may share a file.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "storage/audit_signature.h"

namespace sallyport::storage::audit {

struct AnchorLine {
  std::string node;  // printable, without spaces
  SignedState state;
};
std::string format_anchor_line(const AnchorLine& line);  // with its newline
std::optional<AnchorLine> parse_anchor_line(std::string_view line);
std::string anchor_node_name(std::string_view node);

// An empty file where there is none, so that a missing anchor is a finding.
Result<void> create_anchor(const std::string& path);

// Appends and syncs.   errors: kUnavailable; half a line may be left, which readers pass over.
Result<void> append_anchor(const std::string& path, const AnchorLine& line);

// Each line that parses, oldest first; unreadable lines are passed over. from_end_bytes_max: only the file's last part.
// errors: kNotFound no such file; kUnavailable.
Result<void> read_anchor(const std::string& path, size_t from_end_bytes_max,
                         const std::function<void(const AnchorLine&)>& each);

}  // namespace sallyport::storage::audit
