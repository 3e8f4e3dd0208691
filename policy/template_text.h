// Values with secrets in them: literal text and `{{ secrets.NAME }}`, nothing else between the braces.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/resource.h"

namespace sallyport::policy {

constexpr size_t kTemplateBytesMax = 4096;
constexpr size_t kTemplatePartsMax = 32;

enum class TemplateUse : uint8_t {
  kHeader,  // literal text is printable ASCII (RFC 9110 s5.5 without obs-text)
  kQuery,   // any text without control bytes; it is percent-encoded when it is put in
  kJson,    // the whole is JSON and each secret inside of one of its strings; it is escaped when it is put in
};

// input: <= kTemplateBytesMax.   returns: the parts in order, neighbours merged, none for "".
// errors: kMalformed an unclosed {{, anything but secrets.NAME in it, a byte the use does not take, no JSON; kLimit.
Result<std::vector<TemplatePart>> parse_template(std::string_view text, TemplateUse use);

}  // namespace sallyport::policy
