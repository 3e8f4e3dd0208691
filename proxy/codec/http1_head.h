// The strict HTTP/1.1 head reader (RFC 9112 s2-s5, RFC 9110 s5): parses in place, accepts one spelling only.
// Framing (is there a body, how long, does the connection live on) is a second pass over the parsed values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "base/http/field.h"

namespace sallyport::http {

constexpr size_t kFieldsMax = 128;  // the configuration's `headers` limit cannot be over this

struct Field {
  std::string_view name;
  std::string_view value;  // without the white space around it
  FieldId id;
};

// Views into the caller's buffer, valid as long as that is.
struct Head {
  std::string_view method;  // requests
  std::string_view target;  // requests, as sent
  std::string_view reason;  // responses
  int status = 0;           // responses
  int minor = 1;            // HTTP/1.minor
  size_t count = 0;
  uint64_t present = 0;  // bit(id) of every field but kOther
  union {
    std::array<Field, kFieldsMax> storage;  // uninitialised beyond `count`: 5 KB nobody pays for
  };

  Head() {}  // NOLINT: leaves `storage` alone
  std::span<const Field> fields() const { return {storage.data(), count}; }
  bool has(FieldId id) const { return (present & bit(id)) != 0; }
  const Field* find(FieldId id) const;  // the first
};

// Why a message is refused, and with which status (400, 414, 431, 501, 505; for responses the caller says
// 502).
struct Refusal {
  uint16_t status;
  const char* what;  // a literal
};

// Field names with a mark other than '-' ('_', '.', '~', ...): 400, left out of the head, or kept (responses, where
// nothing is decided by names).
enum class Underscores : uint8_t { kRefuse, kDrop, kKeep };

struct HeadLimits {
  size_t head_bytes_max = 32 * 1024;  // start line and fields
  size_t target_bytes_max = 8 * 1024;
  size_t fields_max = 100;  // lines, those left out included
  Underscores underscores = Underscores::kDrop;
};

// Reads one head from the beginning of `input`.
// returns: its length, or 0 when more bytes are needed (called again with the same bytes and more).
// errors: 400 bad syntax (bare CR or LF, obs-fold, control byte, white space before the colon, wrong version
// text, ...),
//   414 target, 431 head bytes or field count, 501 a method longer than any, 505 HTTP/1.2+, HTTP/2+ or 0.9
//   style. The verdict depends on the bytes alone, not on how many of the following ones are here already.
// cost: one pass, no allocation; about 150 ns for 550 bytes.
std::expected<size_t, Refusal> parse_request_head(std::string_view input, const HeadLimits& limits, Head& out);
std::expected<size_t, Refusal> parse_response_head(std::string_view input, const HeadLimits& limits, Head& out);
// The trailer section after the last chunk, same syntax as fields. 0 = more bytes needed.
std::expected<size_t, Refusal> parse_trailers(std::string_view input, const HeadLimits& limits, Head& out);

// The same bytes as above, for what another reader has cut into pieces already (HTTP/2).
bool is_method(std::string_view text);        // at most 32 token bytes
bool is_target(std::string_view text);        // visible ASCII, not empty
bool is_field_name(std::string_view text);    // token bytes
bool has_folded_byte(std::string_view name);  // a mark other than '-'
bool is_field_value(std::string_view text);

enum class Body : uint8_t { kNone, kLength, kChunked, kUntilClose };

struct RequestFraming {
  Body body = Body::kNone;
  uint64_t length = 0;
  bool keep_alive = true;
  bool expect_continue = false;
  bool upgrade = false;   // Connection names upgrade and there is an Upgrade field
  bool connect = false;   // asked for by CONNECT: to the client, any 2xx says that the tunnel stands (RFC 8441 s5)
  std::string_view host;  // Host field (one, RFC 9110 s7.2 syntax: uri-host [":" port]); "" only for HTTP/1.0
};
constexpr size_t kConnectionOptionsMax = 32;
// errors: 400 two Content-Length (even equal, even as a list), CL with TE, TE in HTTP/1.0, TE other than
// exactly "chunked" (501
//   when well-formed but unknown), two Transfer-Encoding, more or less than one Host in 1.1, Host with a bad
//   byte, absolute-form target whose authority is not Host's, authority-form, '*' without OPTIONS, more
//   Connection options than kConnectionOptionsMax; 417 an Expect other than 100-continue; 501 CONNECT.
std::expected<RequestFraming, Refusal> request_framing(const Head& head);

struct ResponseFraming {
  Body body = Body::kNone;
  uint64_t length = 0;
  bool keep_alive = true;  // may the upstream connection be used again
};
// RFC 9112 s6.3 from the reader's side. `to_head` the request was HEAD. Status 1xx, 204, 304 have no body.
// The same ambiguities as for requests are refused (status 502). Content-Length is kept for HEAD and 304 in
// `length` with kNone.
std::expected<ResponseFraming, Refusal> response_framing(const Head& head, bool to_head);

// True when `name` is hop-by-hop here: one of the fixed set (RFC 9110 s7.6.1: Connection, Keep-Alive,
// Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade, Proxy-Authenticate, Proxy-Authorization) or
// named in a Connection field of `head`. Call connection_options() once and ask that.
class ConnectionOptions {
 public:
  explicit ConnectionOptions(const Head& head);  // cheap when Connection is absent, "close" or "keep-alive"
  bool hop_by_hop(const Field& field) const;

 private:
  const Head& head_;
  bool names_fields_ = false;
};

}  // namespace sallyport::http
