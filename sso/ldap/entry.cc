#include "sso/ldap/entry.h"

#include <algorithm>
#include <array>

namespace sallyport::sso::ldap {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

struct Word {
  int code;
  std::string_view text;
};

constexpr Word kWords[] = {
    {0, "success"},
    {1, "operations error"},
    {2, "protocol error"},
    {3, "time limit exceeded"},
    {4, "size limit exceeded"},
    {7, "authentication method not supported"},
    {8, "stronger authentication required"},
    {10, "referral to another server"},
    {11, "administrative limit exceeded"},
    {13, "confidentiality required"},
    {14, "SASL bind in progress"},
    {18, "inappropriate matching"},
    {19, "constraint violation"},
    {21, "invalid attribute syntax"},
    {32, "no such object"},
    {34, "invalid DN syntax"},
    {48, "inappropriate authentication"},
    {49, "invalid credentials"},
    {50, "insufficient access rights"},
    {51, "busy"},
    {52, "unavailable"},
    {53, "unwilling to perform"},
    {80, "other"},
};

struct Reason {
  std::string_view number;  // in "..., data 533, v4563"
  std::string_view text;
};

constexpr Reason kActiveDirectory[] = {
    {"525", "there is no such user"},    {"52e", "the password is wrong"},
    {"530", "not at this time of day"},  {"531", "not from this workstation"},
    {"532", "the password has expired"}, {"533", "the account is disabled"},
    {"701", "the account has expired"},  {"773", "the password must be changed first"},
    {"775", "the account is locked"},
};

std::string_view reason_in(std::string_view said) {
  constexpr std::string_view kMark = ", data ";
  const size_t at = said.find(kMark);
  if (at == said.npos) return {};
  const std::string_view number = said.substr(at + kMark.size());
  for (const Reason& reason : kActiveDirectory)
    if (number.starts_with(reason.number)) return reason.text;
  return {};
}

}  // namespace

void Entry::add(std::string_view attribute, std::vector<std::string> values) {
  auto& all = attributes_[lower(attribute)];
  for (std::string& value : values) all.push_back(std::move(value));
}

const std::vector<std::string>& Entry::values(std::string_view attribute) const {
  static const std::vector<std::string> kNone;
  const auto found = attributes_.find(lower(attribute));
  return found == attributes_.end() ? kNone : found->second;
}

bool Entry::is_partial(std::string_view attribute) const {
  const std::string begin = lower(attribute) + ";range=";
  const auto found = attributes_.lower_bound(begin);
  return found != attributes_.end() && found->first.starts_with(begin);
}

std::string describe(const LdapAnswer& answer) {
  const auto* const word = std::ranges::find(kWords, answer.code, &Word::code);
  std::string out(word == std::end(kWords) ? "refused" : word->text);
  out += " (" + std::to_string(answer.code) + ")";
  const std::string_view reason = answer.code == code::kInvalidCredentials ? reason_in(answer.said) : "";
  return reason.empty() ? out : out.append(": ").append(reason);
}

}  // namespace sallyport::sso::ldap
