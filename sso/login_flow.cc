#include "sso/login_flow.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "policy/decision_checks.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;

// Bound to its handle and kind, so that one record cannot be passed off as another.
storage::SealContext context_of(const Sha256& key_hash, std::string_view kind) {
  storage::SealContext out;
  out.kind = "flow";
  std::memcpy(out.record.bytes.data(), key_hash.data(), out.record.bytes.size());
  out.field = kind;
  return out;
}

json to_json(const SignInFlow& flow) {
  // The target is bytes of a request: hex, since JSON text must be UTF-8.
  json out{{"host", flow.host},
           {"target", hex_encode(as_bytes(flow.target))},
           {"nonce", hex_encode(flow.nonce_hash)},
           {"restarts", flow.restarts}};
  if (flow.factor_after) out["factor_after"] = count(*flow.factor_after);
  return out;
}

Result<storage::FlowRecord> sealed(json content, std::string_view kind, std::string_view handle,
                                   const storage::Keyring& keyring, WallMicros expires_at) {
  storage::FlowRecord out;
  out.key_hash = sha256(as_bytes(handle));
  out.kind = kind;
  out.expires_at = expires_at;
  content["expires"] = count(expires_at);
  TRY(out.sealed, keyring.seal(context_of(out.key_hash, kind), as_bytes(content.dump())));
  return out;
}

// What this program sealed is what it reads; another version's record is refused, not guessed at.
constexpr const char* kUnreadable = "a flow that does not read";

Result<std::string> text_at(const json& content, const char* key) {
  const auto found = content.find(key);
  if (found == content.end() || !found->is_string()) return malformed(Side::kStorage, kUnreadable);
  return found->get<std::string>();
}

Result<int64_t> number_at(const json& content, const char* key) {
  const auto found = content.find(key);
  if (found == content.end() || !found->is_number_integer()) return malformed(Side::kStorage, kUnreadable);
  return found->get<int64_t>();
}

Result<json> opened(const storage::FlowRecord& record, std::string_view kind, const storage::Keyring& keyring,
                    WallMicros now) {
  if (record.kind != kind) return fail(Code::kNotFound, Side::kClient, "a flow of another kind");
  TRY(const SecretBytes clear, keyring.unseal(context_of(record.key_hash, kind), record.sealed));
  json content = json::parse(clear.reveal(), nullptr, false);
  if (!content.is_object()) return malformed(Side::kStorage, kUnreadable);
  TRY(const int64_t expires, number_at(content, "expires"));
  if (expires <= count(now)) return fail(Code::kDenied, Side::kClient, "the flow is over");
  return content;
}

template <size_t N>
Result<std::array<std::byte, N>> fixed_bytes(const json& content, const char* key) {
  TRY(const std::string text, text_at(content, key));
  TRY(const Bytes bytes, hex_decode(text));
  if (bytes.size() != N) return malformed(Side::kStorage, kUnreadable);
  std::array<std::byte, N> out;
  std::memcpy(out.data(), bytes.data(), N);
  return out;
}

Result<SignInFlow> flow_of(const json& content) {
  SignInFlow out;
  TRY(out.host, text_at(content, "host"));
  TRY(const std::string hex, text_at(content, "target"));
  TRY(const Bytes target, hex_decode(hex));
  out.target = to_text(target);
  TRY(out.nonce_hash, fixed_bytes<32>(content, "nonce"));
  TRY(const int64_t restarts, number_at(content, "restarts"));
  out.restarts = static_cast<int>(restarts);
  if (content.contains("factor_after")) {
    TRY(const int64_t after, number_at(content, "factor_after"));
    out.factor_after = WallMicros{after};
  }
  if (!out.target.starts_with('/')) return malformed(Side::kStorage, kUnreadable);
  return out;
}

}  // namespace

bool is_enough(const SignInFlow& flow, const storage::LiveSession& session, WallMicros now) {
  if (!flow.factor_after) return true;
  if (session.strength != policy::Strength::kMfa) return false;
  if (*flow.factor_after == WallMicros{}) return true;
  return session.factor_at && *session.factor_at >= *flow.factor_after &&
         *session.factor_at <= now + policy::kClockSlack;
}

Result<storage::FlowRecord> to_record(const SignInFlow& flow, std::string_view handle, const storage::Keyring& keyring,
                                      WallMicros now) {
  return sealed(to_json(flow), kSignInFlowKind, handle, keyring, now + kSignInFlowLife);
}

Result<storage::FlowRecord> to_record(const HandOver& hand_over, std::string_view handle,
                                      const storage::Keyring& keyring, WallMicros now) {
  json content = to_json(hand_over.flow);
  content["family"] = hex_encode(hand_over.family.view());
  content["user"] = hex_encode(hand_over.user.view());
  return sealed(std::move(content), kHandOverKind, handle, keyring, now + kHandOverLife);
}

Result<storage::FlowRecord> to_record(const ResetLink& link, std::string_view handle, const storage::Keyring& keyring,
                                      WallMicros expires_at) {
  json content{{"user", hex_encode(link.user.view())}, {"epoch", link.epoch}};
  return sealed(std::move(content), kResetLinkKind, handle, keyring, expires_at);
}

Result<SignInFlow> read_sign_in_flow(const storage::FlowRecord& record, const storage::Keyring& keyring,
                                     WallMicros now) {
  TRY(const json content, opened(record, kSignInFlowKind, keyring, now));
  return flow_of(content);
}

Result<HandOver> read_hand_over(const storage::FlowRecord& record, const storage::Keyring& keyring, WallMicros now) {
  TRY(const json content, opened(record, kHandOverKind, keyring, now));
  HandOver out;
  TRY(out.flow, flow_of(content));
  TRY(out.family.bytes, fixed_bytes<16>(content, "family"));
  TRY(out.user.bytes, fixed_bytes<16>(content, "user"));
  return out;
}

Result<ResetLink> read_reset_link(const storage::FlowRecord& record, const storage::Keyring& keyring, WallMicros now) {
  TRY(const json content, opened(record, kResetLinkKind, keyring, now));
  ResetLink out;
  TRY(out.user.bytes, fixed_bytes<16>(content, "user"));
  TRY(const int64_t epoch, number_at(content, "epoch"));
  out.epoch = static_cast<uint64_t>(epoch);
  return out;
}

Result<storage::FlowRecord> to_record(const ProviderFlow& flow, std::string_view handle,
                                      const storage::Keyring& keyring, WallMicros now) {
  json content{{"provider", flow.provider},  {"browser", hex_encode(flow.browser_hash)},
               {"request", flow.request_id}, {"verifier", flow.verifier},
               {"flow", flow.flow},          {"then", flow.then},
               {"restarts", flow.restarts}};
  if (flow.replaces) content["replaces"] = hex_encode(flow.replaces->view());
  if (flow.fresh_after) content["fresh_after"] = count(*flow.fresh_after);
  return sealed(std::move(content), kProviderFlowKind, handle, keyring, now + kSignInFlowLife);
}

Result<ProviderFlow> read_provider_flow(const storage::FlowRecord& record, const storage::Keyring& keyring,
                                        WallMicros now) {
  TRY(const json content, opened(record, kProviderFlowKind, keyring, now));
  ProviderFlow out;
  TRY(out.provider, text_at(content, "provider"));
  TRY(out.browser_hash, fixed_bytes<32>(content, "browser"));
  TRY(out.request_id, text_at(content, "request"));
  TRY(out.verifier, text_at(content, "verifier"));
  TRY(out.flow, text_at(content, "flow"));
  TRY(out.then, text_at(content, "then"));
  TRY(const int64_t restarts, number_at(content, "restarts"));
  out.restarts = static_cast<int>(restarts);
  if (content.contains("replaces")) {
    TRY(const auto family, fixed_bytes<16>(content, "replaces"));
    out.replaces = RecordId{family};
  }
  if (content.contains("fresh_after")) {
    TRY(const int64_t after, number_at(content, "fresh_after"));
    out.fresh_after = WallMicros{after};
  }
  return out;
}

Result<storage::FlowRecord> to_record(const LogoutFlow& flow, std::string_view handle, const storage::Keyring& keyring,
                                      WallMicros now) {
  return sealed({{"provider", flow.provider}, {"request", flow.request_id}}, kLogoutFlowKind, handle, keyring,
                now + kSignInFlowLife);
}

Result<LogoutFlow> read_logout_flow(const storage::FlowRecord& record, const storage::Keyring& keyring,
                                    WallMicros now) {
  TRY(const json content, opened(record, kLogoutFlowKind, keyring, now));
  LogoutFlow out;
  TRY(out.provider, text_at(content, "provider"));
  TRY(out.request_id, text_at(content, "request"));
  return out;
}

}  // namespace sallyport::sso
