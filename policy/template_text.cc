#include "policy/template_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/texts.h"

namespace sallyport::policy {
namespace {

bool is_literal(std::string_view text, TemplateUse use) {
  return std::ranges::none_of(text, [use](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || (use == TemplateUse::kHeader && byte > 0x7e);
  });
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// An "x" is legal in JSON only inside of a string, and there not in an escape: so with one in place of each secret, the
// text is JSON only where every secret is the inside of a string.
Result<void> check_json(const std::vector<TemplatePart>& parts) {
  std::string text;
  for (const TemplatePart& part : parts) text += part.secret.empty() ? part.text : "x";
  if (nlohmann::json::accept(text)) return {};
  return malformed(Side::kClient, "must be JSON, with {{ secrets.NAME }} only inside of its strings");
}

}  // namespace

Result<std::vector<TemplatePart>> parse_template(std::string_view text, TemplateUse use) {
  constexpr std::string_view kOpen = "{{";
  constexpr std::string_view kClose = "}}";
  constexpr std::string_view kSecrets = "secrets.";
  if (text.size() > kTemplateBytesMax) return fail(Code::kLimit, Side::kClient, "is longer than 4096 bytes");
  std::vector<TemplatePart> parts;
  size_t at = 0;
  while (at < text.size()) {
    if (parts.size() >= kTemplatePartsMax) return fail(Code::kLimit, Side::kClient, "has more than 32 parts");
    const size_t open = text.find(kOpen, at);
    const std::string_view literal = text.substr(at, open - at);
    if (!is_literal(literal, use)) {
      return malformed(Side::kClient, use == TemplateUse::kHeader ? "must be printable ASCII outside of {{ }}"
                                                                  : "must not hold control characters");
    }
    if (!literal.empty()) parts.push_back({std::string(literal), "", TemplatePart::Coding::kPlain});
    if (open == text.npos) break;
    const size_t close = text.find(kClose, open);
    if (close == text.npos) return malformed(Side::kClient, "has {{ without }}");
    const std::string_view inside = trimmed(text.substr(open + 2, close - open - 2));
    if (!inside.starts_with(kSecrets) || !is_secret_name(inside.substr(kSecrets.size())))
      return malformed(Side::kClient, "only {{ secrets.NAME }} can stand between {{ and }}");
    const auto coding = use == TemplateUse::kJson ? TemplatePart::Coding::kJsonString : TemplatePart::Coding::kPlain;
    parts.push_back({"", std::string(inside.substr(kSecrets.size())), coding});
    at = close + kClose.size();
  }
  if (use == TemplateUse::kJson) CHECKED(check_json(parts));
  return parts;
}

}  // namespace sallyport::policy
