#include "cli/control_protocol.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace sallyport::cli {
namespace {

using nlohmann::json;

// Paths and the values in messages are the operator's, perhaps no UTF-8.
std::string line_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"; }

// A list of texts, or nothing.
std::optional<std::vector<std::string>> texts_at(const json& object, const char* key) {
  const auto list = object.find(key);
  if (list == object.end() || !list->is_array()) return std::nullopt;
  std::vector<std::string> out;
  for (const json& each : *list) {
    if (!each.is_string()) return std::nullopt;
    out.push_back(each.get<std::string>());
  }
  return out;
}

// One object without double keys, no exceptions; null when it is anything else.
json read_object(std::string_view line) {
  std::vector<std::set<std::string>> seen;
  bool twice = false;
  const json::parser_callback_t watch = [&](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) seen.emplace_back();
    if (event == json::parse_event_t::object_end) seen.pop_back();
    if (event == json::parse_event_t::key) twice |= !seen.back().insert(parsed.get<std::string>()).second;
    return true;
  };
  json value = json::parse(line, watch, false);
  if (value.is_discarded() || !value.is_object() || twice) return nullptr;
  return value;
}

}  // namespace

Result<ControlRequest> parse_control_request(std::string_view line) {
  if (line.size() > kControlLineBytesMax) return fail(Code::kLimit, Side::kClient, "the line is too long");
  const json value = read_object(line);
  if (!value.is_object()) return malformed(Side::kClient, "a request is one JSON object");
  const auto op = value.find("op");
  if (op == value.end() || !op->is_string()) return malformed(Side::kClient, "a request names its op");
  if (*op == "status") {
    if (value.size() != 1) return malformed(Side::kClient, "status takes no other keys");
    return ControlRequest{ControlRequest::Op::kStatus, 0};
  }
  if (*op == "reload") {
    if (value.size() != 1) return malformed(Side::kClient, "reload takes no other keys");
    return ControlRequest{ControlRequest::Op::kReload, 0};
  }
  if (*op == "follow") {
    const auto generation = value.find("generation");
    if (generation == value.end() || !generation->is_number_unsigned() || value.size() != 2)
      return malformed(Side::kClient, "follow takes a generation and nothing else");
    return ControlRequest{ControlRequest::Op::kFollow, generation->get<uint64_t>()};
  }
  return fail(Code::kNotFound, Side::kClient, "there is no such op");
}

std::string to_line(const ControlRequest& request) {
  switch (request.op) {
    case ControlRequest::Op::kFollow:
      return line_of({{"op", "follow"}, {"generation", request.generation}});
    case ControlRequest::Op::kStatus:
      return line_of({{"op", "status"}});
    case ControlRequest::Op::kReload:
      return line_of({{"op", "reload"}});
  }
  return "\n";
}

std::string control_in_force(uint64_t generation) { return line_of({{"ok", true}, {"generation", generation}}); }

std::string control_status(const ControlStatus& status) {
  return line_of({{"ok", true},
                  {"generation", status.generation},
                  {"sessions", status.sessions},
                  {"tokens", status.tokens},
                  {"resources", status.resources},
                  {"audit_entries", status.audit_entries},
                  {"process", status.process}});
}

std::string control_reloaded(const ReloadOutcome& outcome) {
  if (outcome) return line_of({{"ok", true}, {"restart_needed", outcome->keys}});
  json mistakes = json::array();
  size_t bytes = 0;
  for (const std::string& each : outcome.error()) {
    bytes += 2 * each.size() + 8;  // quotes in it are written as two bytes
    if (bytes > kControlAnswerBytesMax / 2) {
      mistakes.push_back("... and " + std::to_string(outcome.error().size() - mistakes.size()) + " more");
      break;
    }
    mistakes.push_back(each);
  }
  return line_of({{"ok", false}, {"error", "malformed"}, {"message", "nothing was changed"}, {"mistakes", mistakes}});
}

std::string control_refusal(const Error& error) {
  return line_of({{"ok", false}, {"error", std::string(to_string(error.code))}, {"message", error.what}});
}

Result<uint64_t> parse_follow_answer(std::string_view line) {
  const json value = read_object(line);
  if (!value.is_object() || !value.contains("ok") || !value["ok"].is_boolean())
    return malformed(Side::kSelf, "the gateway's answer cannot be read");
  if (!value["ok"].get<bool>()) return fail(Code::kUnavailable, Side::kSelf, "the gateway could not follow");
  const auto generation = value.find("generation");
  if (generation == value.end() || !generation->is_number_unsigned())
    return malformed(Side::kSelf, "the gateway's answer cannot be read");
  return generation->get<uint64_t>();
}

Result<ReloadOutcome> parse_reload_answer(std::string_view line) {
  const json value = read_object(line);
  if (!value.is_object() || !value.contains("ok") || !value["ok"].is_boolean())
    return malformed(Side::kSelf, "the gateway's answer cannot be read");
  if (!value["ok"].get<bool>()) {
    auto mistakes = texts_at(value, "mistakes");
    if (!mistakes) return fail(Code::kUnavailable, Side::kSelf, "the gateway could not reload");
    return ReloadOutcome(std::unexpected(*std::move(mistakes)));
  }
  auto keys = texts_at(value, "restart_needed");
  if (!keys) return malformed(Side::kSelf, "the gateway's answer cannot be read");
  return ReloadOutcome(RestartNeeded{*std::move(keys)});
}

}  // namespace sallyport::cli
