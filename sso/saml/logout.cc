#include "sso/saml/logout.h"

#include <algorithm>

#include "base/time_text.h"
#include "sso/saml/assertion.h"
#include "sso/saml/codec.h"
#include "sso/saml/envelope.h"
#include "sso/saml/message_checks.h"
#include "sso/saml/message_writer.h"
#include "sso/saml/names.h"
#include "sso/saml/xml_signature.h"

namespace sallyport::sso::saml {
namespace {

constexpr Side kFrom = Side::kIdentityProvider;
constexpr size_t kSessionIndexesMax = 64;

struct Received {
  XmlDocument document;  // of signed bytes, without a Signature
  std::string relay_state;
};

size_t signatures_in(const XmlDocument& document) {
  const auto all = document.elements();
  return static_cast<size_t>(std::ranges::count(all, std::string_view("Signature"), &XmlElement::name));
}

Result<Received> receive_redirect(const LogoutRules& rules, std::string_view query, MessageKind kind, Checks& checks) {
  TRY(RedirectMessage message, read_redirect(query, rules.provider_keys, checks));
  CHECKED(checks.demand(message.kind == kind, "message", kind == MessageKind::kRequest ? "SAMLRequest" : "SAMLResponse",
                        "the other", {Code::kMalformed, kFrom, "query has another message than is expected"}));
  TRY(XmlDocument document, checks.note("parsing", "plain XML", XmlDocument::parse(message.xml, kMessageRules)));
  CHECKED(checks.demand(signatures_in(document) == 0, "signature", "in the query alone", "one in the message",
                        {Code::kMalformed, kFrom, "redirected message has a signature inside"}));
  return Received{std::move(document), std::move(message.relay_state)};
}

Result<Received> receive_posted(const LogoutRules& rules, std::string_view posted, Checks& checks) {
  TRY(const std::string text,
      checks.note("decoding", "base64, not too large", decode_posted(posted, kMessageRules.bytes_max)));
  TRY(XmlDocument document, checks.note("parsing", "plain XML", XmlDocument::parse(text, kMessageRules)));
  TRY(const auto signature, checks.note("shape", "one signature, in its place", own_signature(document.root())));
  CHECKED(checks.demand(signature.has_value(), "signed", "the message", "not signed",
                        {Code::kUnauthenticated, kFrom, "message is not signed"}));
  CHECKED(checks.demand(signatures_in(document) == 1, "shape", "one signature, in its place", "several",
                        {Code::kMalformed, kFrom, "signature stands in an unexpected place"}));
  TRY(const std::string bytes, verify_enveloped(document, *signature, rules.provider_keys, checks));
  TRY(XmlDocument verified, checks.note("digested bytes", "XML again", XmlDocument::parse(bytes, kMessageRules)));
  return Received{std::move(verified), {}};
}

// What requests and responses have in common, from verified bytes.
Result<Received> receive(const LogoutRules& rules, const Incoming& incoming, MessageKind kind, WallMicros now,
                         Checks& checks) {
  TRY(Received received, incoming.binding == Binding::kRedirect ? receive_redirect(rules, incoming.text, kind, checks)
                                                                : receive_posted(rules, incoming.text, checks));
  const XmlElement root = received.document.root();
  const std::string_view name = kind == MessageKind::kRequest ? "LogoutRequest" : "LogoutResponse";
  CHECKED(checks.demand(root.is(kProtocolSpace, name), "root", name, root.name(),
                        {Code::kMalformed, kFrom, "message is of another kind than is expected"}));
  CHECKED(check_version(root, checks));
  CHECKED(check_issuer(root, rules.provider, Absent::kRefused, checks));
  CHECKED(check_destination(root, rules.destination, Absent::kRefused, checks));
  CHECKED(check_issued(root, {now, rules.clock_skew}, checks));
  return received;
}

Result<WallMicros> valid_until(const XmlElement& root, const LogoutRules& rules, WallMicros now, Checks& checks) {
  const TimeWindow window{now, rules.clock_skew};
  if (const auto text = root.attribute("NotOnOrAfter")) return check_not_over("NotOnOrAfter", *text, window, checks);
  TRY(const WallMicros issued, check_not_before("issued", root.attribute("IssueInstant").value_or(""), window, checks));
  return check_not_over("age", show_time(issued + kLogoutAgeMax), window, checks);
}

Result<ReceivedLogout> read_request(const LogoutRules& rules, const Incoming& incoming, WallMicros now,
                                    Checks& checks) {
  TRY(const Received received, receive(rules, incoming, MessageKind::kRequest, now, checks));
  const XmlElement root = received.document.root();
  ReceivedLogout out;
  out.relay_state = received.relay_state;
  out.request.id = root.attribute("ID").value_or("");
  CHECKED(checks.demand(!out.request.id.empty(), "id", "one", "none", {Code::kMalformed, kFrom, "message has no id"}));
  TRY(const WallMicros until, valid_until(root, rules, now, checks));
  out.replay_until = until + rules.clock_skew;
  TRY(out.request.name_id, read_name_id(root, rules.own_keys, rules.cbc, checks));
  const auto indexes = root.children(kProtocolSpace, "SessionIndex");
  CHECKED(checks.require(indexes.size() <= kSessionIndexesMax, "session indexes", "64 at most",
                         std::to_string(indexes.size()),
                         {Code::kLimit, kFrom, "message has too many session indexes"}));
  for (const XmlElement& index : indexes) out.request.session_indexes.push_back(index.text());
  return out;
}

Result<LogoutStatus> read_response(const LogoutRules& rules, const Incoming& incoming, std::string_view in_response_to,
                                   WallMicros now, Checks& checks) {
  TRY(const Received received, receive(rules, incoming, MessageKind::kResponse, now, checks));
  const XmlElement root = received.document.root();
  const std::string answered = root.attribute("InResponseTo").value_or("none");
  CHECKED(checks.require(answered == in_response_to, "InResponseTo", in_response_to, answered,
                         {Code::kDenied, kFrom, "response answers another request"}));
  const auto statuses = root.children(kProtocolSpace, "Status");
  const auto codes = statuses.size() == 1 ? statuses[0].children(kProtocolSpace, "StatusCode") : statuses;
  CHECKED(checks.demand(statuses.size() == 1 && codes.size() == 1, "status", "one", "none, or several",
                        {Code::kMalformed, kFrom, "response has not exactly one status"}));
  const auto second = codes[0].children(kProtocolSpace, "StatusCode");
  const std::string code = codes[0].attribute("Value").value_or("");
  const std::string detail = second.empty() ? "" : second[0].attribute("Value").value_or("");
  CHECKED(checks.require(true, "status", "any", code + " " + detail, {}));
  // Core s3.2.2.2: PartialLogout is a second code; below Success or Responder, by those who send it.
  if (detail == kPartialLogout) return LogoutStatus::kPartial;
  return code == kSuccess ? LogoutStatus::kSuccess : LogoutStatus::kFailed;
}

}  // namespace

std::string logout_request_xml(const LogoutRequest& request, std::string_view issuer, std::string_view destination,
                               WallMicros now) {
  std::string out = message_head("LogoutRequest", request.id, destination, now);
  append_attribute(out, "NotOnOrAfter", show_time(now + kLogoutAgeMax));
  out.append(">");
  append_element(out, "saml:Issuer", issuer);
  out.append("<saml:NameID");
  const NameId& name = request.name_id;
  if (!name.format.empty()) append_attribute(out, "Format", name.format);
  if (!name.name_qualifier.empty()) append_attribute(out, "NameQualifier", name.name_qualifier);
  if (!name.sp_name_qualifier.empty()) append_attribute(out, "SPNameQualifier", name.sp_name_qualifier);
  out.append(">").append(xml_escaped(name.value)).append("</saml:NameID>");
  for (const std::string& index : request.session_indexes) append_element(out, "samlp:SessionIndex", index);
  return out.append("</samlp:LogoutRequest>");
}

std::string logout_response_xml(const LogoutResponse& response, std::string_view issuer, std::string_view destination,
                                WallMicros now) {
  std::string out = message_head("LogoutResponse", response.id, destination, now);
  append_attribute(out, "InResponseTo", response.in_response_to);
  out.append(">");
  append_element(out, "saml:Issuer", issuer);
  out.append("<samlp:Status><samlp:StatusCode");
  append_attribute(out, "Value", response.status == LogoutStatus::kSuccess ? kSuccess : kResponder);
  out.append(">");
  if (response.status == LogoutStatus::kPartial) {
    out.append("<samlp:StatusCode");
    append_attribute(out, "Value", kPartialLogout);
    out.append("/>");
  }
  return out.append("</samlp:StatusCode></samlp:Status></samlp:LogoutResponse>");
}

LogoutRequestVerdict verify_logout_request(const LogoutRules& rules, const Incoming& incoming, WallMicros now) {
  Checks checks;
  auto request = read_request(rules, incoming, now, checks);
  return {std::move(request), std::move(checks)};
}

LogoutResponseVerdict verify_logout_response(const LogoutRules& rules, const Incoming& incoming,
                                             std::string_view in_response_to, WallMicros now) {
  Checks checks;
  auto status = read_response(rules, incoming, in_response_to, now, checks);
  return {status, std::move(checks)};
}

}  // namespace sallyport::sso::saml
