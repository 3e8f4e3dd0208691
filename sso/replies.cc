#include "sso/replies.h"

#include <nlohmann/json.hpp>

#include "base/http/field.h"
#include "sso/assertion_keys.h"
#include "sso/pages.h"

namespace sallyport::sso {
namespace {

bool has_media_type(std::string_view content_type, std::string_view wanted) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return http::iequals(type, wanted);
}

}  // namespace

bool is_form(const GateRequest& request) {
  return has_media_type(request.content_type, "application/x-www-form-urlencoded");
}
bool is_json(const GateRequest& request) { return has_media_type(request.content_type, "application/json"); }

Format format_for(const GateRequest& request) {
  if (is_json(request) || request.sallyport_request) return Format::kJson;
  if (is_form(request) || request.accept.contains("text/html")) return Format::kHtml;
  return Format::kJson;
}

GateReply page_reply(int status, std::string html, const char* reason) {
  GateReply out;
  out.status = status;
  out.headers = page_headers();
  add_header(out, "Content-Type", "text/html; charset=utf-8");
  out.body = std::move(html);
  out.reason = reason;
  return out;
}

GateReply redirect_reply(int status, std::string location, const char* reason) {
  GateReply out;
  out.status = status;
  out.headers = {{"Cache-Control", "no-store"}, {"Referrer-Policy", "same-origin"}};
  add_header(out, "Location", std::move(location));
  out.reason = reason;
  return out;
}

GateReply json_reply(int status, const nlohmann::json& body, const char* reason) {
  GateReply out;
  out.status = status;
  out.headers = {
      {"Content-Type", "application/json"}, {"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  out.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  out.reason = reason;
  return out;
}

GateReply done_reply(const char* reason) {
  GateReply out;
  out.status = 204;
  out.headers = {{"Cache-Control", "no-store"}};
  out.reason = reason;
  return out;
}

GateReply style_reply() {
  GateReply out;
  out.headers = {{"Content-Type", "text/css; charset=utf-8"},
                 {"Cache-Control", "public, max-age=31536000, immutable"},
                 {"X-Content-Type-Options", "nosniff"},
                 {"Cross-Origin-Resource-Policy", "same-origin"}};
  out.body = style_sheet();
  out.reason = "style";
  return out;
}

GateReply jwk_set_reply(std::string set) {
  GateReply out;
  out.headers = {{"Content-Type", "application/jwk-set+json"},
                 {"Cache-Control", "max-age=" + std::to_string(kJwkSetLife.count())},
                 {"X-Content-Type-Options", "nosniff"}};
  out.body = std::move(set);
  out.reason = "jwks";
  return out;
}

GateReply problem_reply(const GateRequest& request, const Problem& problem) {
  return problem_reply(request, problem, format_for(request));
}

GateReply problem_reply(const GateRequest& request, const Problem& problem, Format format) {
  if (format == Format::kHtml)
    return page_reply(problem.status,
                      error_page({.status = problem.status,
                                  .title = problem.title,
                                  .message = problem.message,
                                  .request_id = request.request_id}),
                      problem.code);
  return json_reply(problem.status,
                    {{"error", problem.code},
                     {"message", problem.message},
                     {"details", nlohmann::json::array()},
                     {"request_id", request.request_id}},
                    problem.code);
}

GateReply method_reply(const GateRequest& request, std::string allow) {
  return method_reply(request, std::move(allow), format_for(request));
}
GateReply method_reply(const GateRequest& request, std::string allow, Format format) {
  constexpr Problem kMethod{405, "method_not_allowed", "Method not allowed",
                            "This address cannot be asked in this way."};
  GateReply reply = problem_reply(request, kMethod, format);
  add_header(reply, "Allow", std::move(allow));
  return reply;
}

GateReply unavailable_reply(const GateRequest& request, Format format) {
  GateReply reply = problem_reply(
      request,
      {503, "unavailable", "Not available just now", "The gateway cannot do this at the moment. Please try again."},
      format);
  add_header(reply, "Retry-After", "5");
  return reply;
}

}  // namespace sallyport::sso
