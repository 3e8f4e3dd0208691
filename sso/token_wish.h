// What a person asks for when he makes a token, by form or by JSON, and the judgement of it: a scope that names what is
// not his is a mistake, so that nobody learns here what there is.
#pragma once

#include <expected>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/mistake.h"
#include "base/secret.h"
#include "policy/snapshot.h"
#include "sso/token_service.h"

namespace sallyport::sso {

// As it was typed; empty: not said.
struct TokenWish {
  std::string name;
  std::string expires;
  std::string team;
  std::string resource;
  std::string path;
  std::vector<std::string> networks;
  bool read_only = false;
  bool api = false;
  bool admin = false;
};

// {name, expires, team?, resource?, path?, networks?, read_only?, api?, admin?}. Every mistake of shape.
std::expected<TokenWish, Mistakes> read_token_wish(const nlohmann::json& document);
// The same as fields of a form; networks: any number, with blanks or commas between. What does not read is empty.
TokenWish read_token_form(const SecretBytes& body);

// {overlap?, expires?}: what a rotation may say. overlap: kOverlap unless said.
struct RotationWish {
  std::chrono::seconds overlap;
  std::optional<std::chrono::seconds> life;
};
constexpr std::chrono::hours kOverlap{1};
std::expected<RotationWish, Mistakes> read_rotation(const nlohmann::json& document);

// The token that this person may have, or every mistake: a life that is none or too long, a team or resource in which
// he has no role, an admin right that he has not himself.
std::expected<NewToken, Mistakes> judge_wish(const TokenWish& wish, const policy::CompiledUser& user,
                                             policy::Strength strength, const policy::Snapshot& snapshot);

// The teams in which he has a role on anything, in order.
std::vector<std::string> teams_of(const policy::CompiledUser& user, const policy::Snapshot& snapshot);

}  // namespace sallyport::sso
