#include "base/result.h"

namespace sallyport {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::kMalformed:
      return "malformed";
    case Code::kUnauthenticated:
      return "unauthenticated";
    case Code::kDenied:
      return "denied";
    case Code::kNotFound:
      return "not_found";
    case Code::kMisdirected:
      return "misdirected";
    case Code::kUnsupported:
      return "unsupported";
    case Code::kTooLarge:
      return "too_large";
    case Code::kConflict:
      return "conflict";
    case Code::kLimit:
      return "limit";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kTimeout:
      return "timeout";
    case Code::kInternal:
      return "internal";
  }
  return "internal";
}

std::string_view to_string(Side side) {
  switch (side) {
    case Side::kClient:
      return "client";
    case Side::kUpstream:
      return "upstream";
    case Side::kIdentityProvider:
      return "identity_provider";
    case Side::kStorage:
      return "storage";
    case Side::kSelf:
      return "self";
  }
  return "self";
}

}  // namespace sallyport
