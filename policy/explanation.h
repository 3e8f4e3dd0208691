// Why a request is decided as it is: what each check found, in the order in which they are asked. Pure, like decide(),
// and made of the same small checks (decision_checks.h), but apart from it: the hot path keeps no account of itself.
// That both come to the same end is held over thousands of random worlds by tests/policy/explanation_model_test.cc.
#pragma once

#include <string>
#include <vector>

#include "policy/decision.h"

namespace sallyport::policy {

enum class Finding : uint8_t { kYes, kNo, kNote };
std::string_view to_string(Finding finding);

struct Step {
  Finding finding;
  std::string check;  // what was asked: "team networks", "access rule 2"
  std::string text;   // what was found. Never a secret value: names alone
};

struct Explanation {
  Decision decision;  // as decide() makes it
  std::vector<Step> steps;
};

// cost: linear in the resource's own rules, with a few strings for each.
Explanation explain(const RequestFacts& facts);

}  // namespace sallyport::policy
