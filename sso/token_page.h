// The page of one's tokens: what there is, a form for another one, and a new one shown this once. Plain values in, HTML
// out.
#pragma once

#include <string>
#include <vector>

#include "sso/html.h"
#include "sso/own_tokens.h"

namespace sallyport::sso {

constexpr std::string_view kTokensPath = "/.sallyport/account/tokens";
constexpr std::string_view kRevokeTokenPath = "/.sallyport/account/tokens/revoke";
constexpr std::string_view kRotateTokenPath = "/.sallyport/account/tokens/rotate";

struct TokenPage {
  std::string sign_out_csrf;
  std::string csrf;
  bool may_ask_admin = false;
  std::vector<OwnToken> tokens;
  std::vector<std::string> teams;  // what a scope may name
  std::vector<std::string> resources;
  TokenRules rules;
  WallMicros now{};
  TokenWish wish;                       // what was typed before
  Mistakes mistakes;                    // in it
  std::string_view note;                // what was done; a literal, empty: nothing
  std::string_view alert;               // what went wrong
  const IssuedToken* issued = nullptr;  // shown, and nowhere else
};
// The text of a new token is written into the page last, and the page is never copied afterwards: whoever sends it
// wipes it.
std::string token_page(const TokenPage& page);

// To it, from the account page.
Html tokens_link(const Html& words);

}  // namespace sallyport::sso
