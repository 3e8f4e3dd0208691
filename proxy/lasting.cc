#include "proxy/lasting.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sallyport::proxy {
namespace {

constexpr std::array<std::string_view, 4> kTypes = {"text/event-stream", "application/grpc",
                                                    "multipart/x-mixed-replace", "application/x-ndjson"};

}  // namespace

bool is_lasting(const http::Head& head) {
  const http::Field* const type = head.find(http::FieldId::kContentType);
  return type != nullptr && std::ranges::any_of(kTypes, [&](std::string_view each) {
           return http::iequals(type->value.substr(0, each.size()), each);
         });
}

}  // namespace sallyport::proxy
