// Reason phrases (RFC 9110 s15) and the error codes of the JSON error body, by status.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::proxy {

constexpr std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

constexpr const char* error_code(int status) {
  switch (status) {
    case 400:
      return "bad_request";
    case 401:
      return "unauthenticated";
    case 403:
      return "denied";
    case 404:
      return "not_found";
    case 405:
      return "method_not_allowed";
    case 408:
      return "request_timeout";
    case 413:
      return "too_large";
    case 414:
      return "target_too_long";
    case 417:
      return "expectation_failed";
    case 421:
      return "misdirected";
    case 429:
      return "too_many_requests";
    case 431:
      return "head_too_large";
    case 501:
      return "not_implemented";
    case 502:
      return "bad_upstream";
    case 503:
      return "unavailable";
    case 504:
      return "upstream_timeout";
    case 505:
      return "version_not_supported";
    default:
      return "internal";
  }
}

// The body of an answer to what was not even a request. what: a literal without quotes.
inline std::string error_body(int status, std::string_view what, std::string_view request_id) {
  std::string out = "{\"error\":\"";
  out.append(error_code(status)).append("\",\"message\":\"").append(what);
  out.append("\",\"details\":[],\"request_id\":\"").append(request_id).append("\"}");
  return out;
}

}  // namespace sallyport::proxy
