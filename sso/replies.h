// GateReply values in the gate's few shapes: a page, a redirect, JSON, and an error in whichever form was asked for.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "sso/gate.h"

namespace sallyport::sso {

enum class Format : uint8_t { kHtml, kJson };

// What the client wants to read: a page if it says text/html, and after a form.
Format format_for(const GateRequest& request);
bool is_form(const GateRequest& request);  // application/x-www-form-urlencoded
bool is_json(const GateRequest& request);  // application/json

GateReply page_reply(int status, std::string html, const char* reason);
// location: built by the gateway, never by a client.
GateReply redirect_reply(int status, std::string location, const char* reason);
GateReply json_reply(int status, const nlohmann::json& body, const char* reason);
GateReply done_reply(const char* reason);  // 204
GateReply style_reply();
GateReply jwk_set_reply(std::string set);  // RFC 7517 s8.5.2; may be kept for kJwkSetLife

// code: for programs ("bad_credentials"); title and message: for people. All literals.
struct Problem {
  int status;
  const char* code;
  const char* title;
  const char* message;
};
GateReply problem_reply(const GateRequest& request, const Problem& problem);
GateReply problem_reply(const GateRequest& request, const Problem& problem, Format format);

// 405 with what is allowed there ("GET, HEAD").
GateReply method_reply(const GateRequest& request, std::string allow);
GateReply method_reply(const GateRequest& request, std::string allow, Format format);

// 503 with Retry-After, when the store did not take or give what was asked.
GateReply unavailable_reply(const GateRequest& request, Format format);

inline void add_header(GateReply& reply, std::string name, std::string value) {
  reply.headers.emplace_back(std::move(name), std::move(value));
}

}  // namespace sallyport::sso
