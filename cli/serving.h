// Everything that runs in `serve`, built by hand in the order in which one part needs the other, and taken down
// backwards.
#pragma once

#include <atomic>
#include <memory>

#include "base/blocking_pool.h"
#include "base/fetch.h"
#include "base/log.h"
#include "cli/assertion_key_source.h"
#include "cli/control_protocol.h"
#include "cli/follower.h"
#include "cli/node_parts.h"
#include "cli/refused_records.h"
#include "cli/token_ends.h"
#include "cli/use_keeper.h"
#include "proxy/gateway.h"
#include "sso/sign_in.h"
#include "storage/audit_log.h"
#include "storage/key_holder.h"
#include "storage/rate_table.h"
#include "storage/session_table.h"

namespace sallyport::cli {

class Serving {
 public:
  // Opens the store (alone, brought up to this version) and the control socket, loads what is in the store, and starts
  // the gateway: all listeners accept when it returns. Blocking.
  static Outcome<std::unique_ptr<Serving>> start(conf::NodeConfig config, std::vector<proxy::InheritedSocket> inherited,
                                                 Log& log);
  Serving(NodeParts node, Log& log);  // by start()
  ~Serving();

  proxy::Gateway& gateway() { return *gateway_; }
  Follower& follower() { return *follower_; }
  std::string control_socket() const { return node_.control_socket(); }
  Fd take_control() { return std::move(control_); }                // once: the listening control socket
  const conf::NodeConfig& config() const { return node_.config; }  // as at the start
  // Reads the configuration again and brings what of it can change into force, or nothing at all. Blocking; by one
  // thread at a time, and not beside Gateway::drain().
  ReloadOutcome reload();
  ControlStatus status() const;

  // What has to be done from time to time, on the store's thread; these only hand it over.
  void write_uses();
  void write_sign_in_attempts();  // those that wait
  void sweep();
  void look_for_token_ends();
  void tick_providers();
  void roll_keys_over();
  // Says in the log when the audit log cannot take entries, or its anchor is out of reach, and when that is over.
  void watch_audit();
  // Blocking: the last uses, once nothing is served any more.
  void write_last_uses();

 private:
  Outcome<void> listen_for_commands();
  Outcome<void> load();
  Outcome<void> load_assertion_keys();
  Outcome<void> open_gates(std::vector<proxy::InheritedSocket> inherited);
  // Awaited by those who have committed something that their answer must not run ahead of.
  std::shared_ptr<const policy::Snapshot> newest_snapshot() const;
  Task<void> in_force(Loop& home, storage::Generation generation);
  void store_job(const char* name, std::move_only_function<bool(storage::Store&)> job);

  Log& log_;
  Fd control_;
  NodeParts node_;  // its store moves to store_ once everything is loaded
  storage::SessionTable sessions_;
  storage::TokenTable tokens_;
  storage::RateTable rates_;
  UseKeeper uses_;
  TokenEnds token_ends_;  // on the store's thread
  std::shared_ptr<const policy::Snapshot> first_snapshot_;
  std::unique_ptr<storage::AuditLog> audit_;
  storage::AuditHealth last_health_;
  std::unique_ptr<RefusedRecords> refused_;
  std::unique_ptr<AssertionKeySource> assertion_keys_;
  std::shared_ptr<const sso::AssertionKeys> first_assertion_keys_;
  std::unique_ptr<storage::StoreThread> store_;
  std::unique_ptr<BlockingPool> hashing_;
  std::unique_ptr<CurlFetcher> fetcher_;
  std::unique_ptr<BlockingPool> xml_;
  std::unique_ptr<BlockingPool> asking_;
  std::unique_ptr<storage::LocalKeyHolder> keys_;
  std::unique_ptr<sso::SignIn> sign_in_;
  std::unique_ptr<proxy::Gateway> gateway_;
  std::unique_ptr<Follower> follower_;
  std::atomic<Follower*> told_of_endings_{nullptr};  // null until there is one, and again before it goes
};

}  // namespace sallyport::cli
