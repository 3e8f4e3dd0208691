// Writes one change inside a commit's transaction: an overload per kind of change.
#pragma once

#include "storage/sqlite/connection.h"
#include "storage/store.h"

namespace sallyport::storage {

class ChangeWriter {
 public:
  // generation: the one that this commit makes if others must follow it.
  ChangeWriter(Connection& connection, uint64_t generation) : connection_(&connection), generation_(generation) {}
  ChangeWriter(const ChangeWriter&) = delete;  // std::visit gets it by reference
  ChangeWriter& operator=(const ChangeWriter&) = delete;

  Result<void> operator()(const SetSaltFingerprint& change);
  Result<void> operator()(const PutResource& change);
  Result<void> operator()(const DeleteResource& change);
  Result<void> operator()(const PutSession& change);
  Result<void> operator()(const RaiseSession& change);
  Result<void> operator()(const TouchSession& change);
  Result<void> operator()(const EndSession& change);
  Result<void> operator()(const EndSessionsOfUser& change);
  Result<void> operator()(const PutToken& change);
  Result<void> operator()(const TouchToken& change);
  Result<void> operator()(const CutToken& change);
  Result<void> operator()(const RevokeToken& change);
  Result<void> operator()(const PutFlow& change);
  Result<void> operator()(const PutDataKey& change);
  Result<void> operator()(const PutNamedKey& change);
  Result<void> operator()(const UseFactor& change);
  Result<void> operator()(const ForgetFactorUses& change);

  Result<void> operator()(const UseOnce& change);
  Result<void> operator()(const PutSessionOrigin& change);
  Result<void> operator()(const PutSignInAttempt& change);
  Result<void> operator()(const PutProviderDocument& change);

  bool followed() const { return followed_; }  // others must hear of it
  bool defined() const { return defined_; }    // resources or keys were changed

 private:
  Result<void> raise_epochs(const RecordId& record, const std::vector<FieldEpoch>& epochs);
  // sql: selects the ids that go. They are buried, then deleted.
  Result<void> end_sessions(const char* bury, const char* remove, const RecordId& id);
  Result<bool> session_may_be_written(const SessionRecord& session);
  void define() { followed_ = defined_ = true; }

  Connection* connection_;
  uint64_t generation_;
  bool followed_ = false;
  bool defined_ = false;
};

}  // namespace sallyport::storage
