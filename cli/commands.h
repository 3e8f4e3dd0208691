// The commands as functions over plain options (DESIGN section 4). command_line.cc fills the options in and calls them;
// each writes to the given terminal and returns the exit code. `config` is what -c said; empty means the default
// places.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace sallyport::cli {

enum class Format : uint8_t { kDefault, kTable, kJson, kYaml };

int run_secret(Terminal& terminal);

struct InitOptions {
  std::string dir = ".";
  std::string domain = "gate.localhost";
  std::string apps = "apps.localhost";
  int port = 8443;
  std::string admin = "admin";
};
int run_init(Terminal& terminal, const InitOptions& options);

int run_check(Terminal& terminal, const std::string& config);
int run_serve(Terminal& terminal, const std::string& config);
int run_reload(Terminal& terminal, const std::string& config);

struct ApplyOptions {
  std::string config;
  std::vector<std::string> files;  // "-" is standard input
  bool dry_run = false;
  bool prune = false;
};
int run_apply(Terminal& terminal, const ApplyOptions& options);

struct GetOptions {
  std::string config;
  std::string kind;  // singular, plural or "all"
  std::string name;  // empty: all of the kind
  Format format = Format::kDefault;
};
int run_get(Terminal& terminal, const GetOptions& options);

struct DeleteOptions {
  std::string config;
  std::string kind;
  std::string name;
};
int run_delete(Terminal& terminal, const DeleteOptions& options);

struct UserOptions {
  std::string config;
  std::string name;
  bool password_stdin = false;
  bool must_change = false;     // the password is for the first sign-in alone
  std::string expires = "24h";  // reset-link
};
int run_user_passwd(Terminal& terminal, const UserOptions& options);
int run_user_reset_link(Terminal& terminal, const UserOptions& options);
int run_user_suspend(Terminal& terminal, const UserOptions& options);
int run_user_resume(Terminal& terminal, const UserOptions& options);
int run_user_mfa_reset(Terminal& terminal, const UserOptions& options);

struct TokenCreateOptions {
  std::string config;
  std::string user;  // one of these two
  std::string service_account;
  std::string name;
  std::string expires;
  std::string team;
  std::string resource;
  bool read_only = false;
  std::string path;
  std::vector<std::string> networks;
  bool api = false;
  bool admin = false;
};
int run_token_create(Terminal& terminal, const TokenCreateOptions& options);

struct TokenRotateOptions {
  std::string config;
  std::string id;
  std::string overlap = "1h";
  std::string expires;  // empty: as long as the old one had
};
int run_token_rotate(Terminal& terminal, const TokenRotateOptions& options);

// Which tokens or sessions: `user` and `id` both empty means all of them (lists only).
struct SelectOptions {
  std::string config;
  std::string user;
  std::string id;
  std::string name;             // tokens only, with user or service_account
  std::string service_account;  // tokens only
  std::string resource;         // the list of tokens only: those for this resource alone
  bool expired = false;         // the same: those that are over
  Format format = Format::kDefault;
};
int run_token_list(Terminal& terminal, const SelectOptions& options);
int run_token_revoke(Terminal& terminal, const SelectOptions& options);
int run_session_list(Terminal& terminal, const SelectOptions& options);
int run_session_end(Terminal& terminal, const SelectOptions& options);

// What the flight recorder has of an identity provider.
struct SsoTraceOptions {
  std::string config;
  std::string name;       // of the provider
  std::string reference;  // one attempt, with its checks; empty: all of them
  Format format = Format::kDefault;
};
int run_sso_trace(Terminal& terminal, const SsoTraceOptions& options);

struct SsoTestOptions {
  std::string config;
  std::string name;  // of the provider
  Format format = Format::kDefault;
};
int run_sso_test(Terminal& terminal, const SsoTestOptions& options);

struct RotateSamlOptions {
  std::string config;
  std::string after;  // "7d"; empty: the usual
};
int run_key_rotate_saml(Terminal& terminal, const RotateSamlOptions& options);

struct AuditListOptions {
  std::string config;
  std::string since;     // "2h", "7d" or a date as the list shows it; empty: everything
  std::string resource;  // exact name
  std::string user;      // exact name
  int count = 0;         // the newest N; 0: all
  Format format = Format::kDefault;
};
int run_audit_list(Terminal& terminal, const AuditListOptions& options);
int run_audit_verify(Terminal& terminal, const std::string& config);

struct KeyStatusOptions {
  std::string config;
  Format format = Format::kDefault;
};
int run_key_status(Terminal& terminal, const KeyStatusOptions& options);

int run_key_rotate_jwt(Terminal& terminal, const std::string& config);

// Of a request that nobody has made.
struct ExplainOptions {
  std::string config;
  std::string user;   // empty or "-": nobody is signed in
  std::string token;  // id or name: the request brings this token instead of a session
  std::string from;
  std::string method = "GET";
  std::string url;
  bool mfa = false;     // the session has a second factor
  std::string mfa_age;  // shown that long ago
  bool websocket = false;
  Format format = Format::kDefault;
};
int run_explain(Terminal& terminal, const ExplainOptions& options);

int run_schema(Terminal& terminal, const std::string& kind);

}  // namespace sallyport::cli
