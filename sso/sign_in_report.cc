#include "sso/sign_in_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "base/time_text.h"

namespace sallyport::sso {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford's: no I, L, O, U
constexpr size_t kReferenceLetters = 8;

std::string dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string checks_text(std::span<const Check> checks) {
  if (checks.size() > kReportChecksMax) checks = checks.last(kReportChecksMax);
  std::vector<std::string> parts;
  size_t bytes = 2;
  for (auto check = checks.rbegin(); check != checks.rend(); ++check) {
    parts.push_back(dump({{"name", check->name},
                          {"expected", check->expected.substr(0, kCheckFoundBytesMax)},
                          {"found", check->found.substr(0, kCheckFoundBytesMax)},
                          {"passed", check->passed}}));
    bytes += parts.back().size() + 1;
    if (bytes <= kReportChecksBytesMax) continue;
    parts.pop_back();
    break;
  }
  std::string out = "[";
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) out += (out.size() > 1 ? "," : "") + *part;
  return out + "]";
}

ordered_json or_null(const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); }

}  // namespace

std::string_view to_string(ReportOutcome outcome) {
  switch (outcome) {
    case ReportOutcome::kSignedIn:
      return "signed in";
    case ReportOutcome::kRefused:
      return "refused";
    case ReportOutcome::kUnavailable:
      return "unavailable";
  }
  return "refused";
}

storage::SignInAttempt to_attempt(const std::string& provider, const SignInReport& report) {
  return {.provider = provider,
          .at = report.at,
          .reference = report.reference,
          .outcome = std::string(to_string(report.outcome)),
          .user = report.user,
          .client = report.client,
          .reason = report.what,
          .checks = checks_text(report.checks)};
}

std::string new_reference() {
  uint64_t bits = 0;
  for (const std::byte byte : random_bytes<5>()) bits = bits << 8 | uint64_t(byte);
  std::string out;
  for (size_t i = 0; i < kReferenceLetters; ++i) {
    if (i == kReferenceLetters / 2) out += '-';
    out += kAlphabet[bits >> (5 * (kReferenceLetters - 1 - i)) & 31];
  }
  return out;
}

std::optional<std::string> parse_reference(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '-' || c == ' ') continue;
    if (c >= 'a' && c <= 'z') c = char(c - 32);
    if (c == 'O') c = '0';
    if (c == 'I' || c == 'L') c = '1';
    if (!kAlphabet.contains(c) || out.size() > kReferenceLetters) return std::nullopt;
    if (out.size() == kReferenceLetters / 2) out += '-';
    out += c;
  }
  return out.size() == kReferenceLetters + 1 ? std::optional(std::move(out)) : std::nullopt;
}

Result<std::vector<ReportedCheck>> read_checks(std::string_view text) {
  constexpr const char* kUnreadable = "the checks of an attempt do not read";
  const auto list = ordered_json::parse(text, nullptr, false);
  if (!list.is_array()) return malformed(Side::kStorage, kUnreadable);
  std::vector<ReportedCheck> out;
  for (const ordered_json& entry : list) {
    ReportedCheck check;
    for (const auto& [key, target] :
         {std::pair("name", &check.name), std::pair("expected", &check.expected), std::pair("found", &check.found)}) {
      const auto found = entry.is_object() ? entry.find(key) : entry.end();
      if (found == entry.end() || !found->is_string()) return malformed(Side::kStorage, kUnreadable);
      *target = found->get<std::string>();
    }
    const auto passed = entry.find("passed");
    if (passed == entry.end() || !passed->is_boolean()) return malformed(Side::kStorage, kUnreadable);
    check.passed = passed->get<bool>();
    out.push_back(std::move(check));
  }
  return out;
}

ordered_json attempt_json(const storage::SignInAttempt& attempt) {
  ordered_json out{{"reference", attempt.reference}, {"at", show_time_exactly(attempt.at)},
                   {"provider", attempt.provider},   {"outcome", attempt.outcome},
                   {"user", or_null(attempt.user)},  {"client", or_null(attempt.client)},
                   {"reason", attempt.reason},       {"checks", nullptr}};
  const auto checks = read_checks(attempt.checks);
  if (!checks) return out;
  out["checks"] = ordered_json::array();
  for (const ReportedCheck& check : *checks)
    out["checks"].push_back(
        {{"name", check.name}, {"expected", check.expected}, {"found", check.found}, {"passed", check.passed}});
  return out;
}

}  // namespace sallyport::sso
