// A list of fields out of any bytes: for each a byte with the length of its name (or, from 200 on, one of the names
// that matter), two with that of its value, and then the bytes themselves.
#pragma once

#include <string_view>

#include "tests/fuzz/http1_fuzz.h"

constexpr std::string_view kNamesThatMatter[] = {":method",
                                                 ":scheme",
                                                 ":authority",
                                                 ":path",
                                                 ":protocol",
                                                 ":status",
                                                 "host",
                                                 "cookie",
                                                 "content-length",
                                                 "transfer-encoding",
                                                 "connection",
                                                 "te",
                                                 "expect",
                                                 "upgrade",
                                                 "sec-websocket-key",
                                                 "x-forwarded-for",
                                                 "x_sallyport.user"};
constexpr uint8_t kFirstKnown = 200;

inline std::string_view cut_bytes(std::string_view& input, size_t count) {
  const std::string_view out = input.substr(0, count);
  input.remove_prefix(out.size());
  return out;
}

// Calls each(name, value) until the bytes are over.
template <class Each>
void for_each_fuzzed_field(std::string_view input, Each&& each) {
  while (input.size() >= 3) {
    const auto kind = static_cast<uint8_t>(input[0]);
    const size_t value_bytes = static_cast<uint8_t>(input[1]) << 8 | static_cast<uint8_t>(input[2]);
    input.remove_prefix(3);
    const std::string_view name = kind >= kFirstKnown
                                      ? kNamesThatMatter[(kind - kFirstKnown) % std::size(kNamesThatMatter)]
                                      : cut_bytes(input, kind);
    each(name, cut_bytes(input, value_bytes));
  }
}

// Nothing in a head that came in pieces could end a line, and it says nothing of the connection.
inline void require_clean_pieces(const Head& head) {
  uint64_t present = 0;
  for (const Field& field : head.fields()) {
    require(!field.name.empty());
    for (const char c : field.name) require(c > 0x20 && c < 0x7f && c != ':' && c != ',' && c != ';');
    for (const char c : field.value) require(static_cast<uint8_t>(c) >= 0x20 ? c != 0x7f : c == '\t');
    require(field.id == sallyport::http::field_id(field.name));
    if (field.id != FieldId::kOther) present |= bit(field.id);
  }
  require(present == head.present);
  for (const FieldId id :
       {FieldId::kConnection, FieldId::kKeepAlive, FieldId::kProxyConnection, FieldId::kTransferEncoding})
    require(!head.has(id));
}

inline size_t count_of(const Head& head, FieldId id) {
  return static_cast<size_t>(std::ranges::count(head.fields(), id, &Field::id));
}
