// A QR code (ISO/IEC 18004) as SVG inside a page. The only includer of qrencode.h.
#pragma once

#include "base/result.h"
#include "base/secret.h"
#include "sso/html.h"

namespace sallyport::sso {

// Dark on white whatever the page's colours are, with its quiet zone of four modules, and no size of its own. `label`
// is what a screen reader says.   text: at most 512 bytes.   errors: kLimit.   cost: about 1 ms.
Result<Html> qr_svg(const SecretBytes& text, Markup label);

}  // namespace sallyport::sso
