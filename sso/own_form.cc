#include "sso/own_form.h"

#include "sso/account.h"
#include "sso/credentials.h"
#include "sso/pages.h"

namespace sallyport::sso {
namespace {

constexpr Problem kForeignOrigin{403, "foreign_origin", "Refused", "This request came from another site."};
constexpr Problem kMediaType{415, "media_type", "Refused", "This is a form."};
constexpr Problem kBadCsrf{403, "bad_csrf", "Please try again",
                           "This form does not belong to your present sign-in. Go back and reload the page."};

}  // namespace

std::optional<GateReply> refuse_form(const GateRequest& request, const std::optional<SignedIn>& who,
                                     const FormGuard& forms, std::string_view purpose, std::string_view origin) {
  if (origin_proof(request, origin) != OriginProof::kSame) return problem_reply(request, kForeignOrigin);
  if (!is_form(request)) return problem_reply(request, kMediaType);
  if (!who) return redirect_reply(303, std::string(kLoginPath), "sign-in");
  if (!forms.fits(read_form_field(request.body, "csrf"), purpose, who->cookie)) return problem_reply(request, kBadCsrf);
  if (who->needs_factor) return problem_reply(request, kFactorNeeded);
  return std::nullopt;
}

}  // namespace sallyport::sso
