// Which certificates of clients a listener takes: those whose chain leads to one of its authorities (`client_ca`), is
// at most kChainDepthMax long, is in force, and is meant for clients (extended key usage clientAuth, where one is
// named). Each certificate of the file is an authority, an intermediate one as well. Revocation lists are not looked
// at.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "base/c_handle.h"
#include "base/digest.h"
#include "conf/node_config.h"

struct ssl_ctx_st;
struct x509_st;

namespace sallyport::proxy {

constexpr int kChainDepthMax = 4;                          // authorities between a client's certificate and one of ours
constexpr size_t kClientChainBytesMax = size_t{48} << 10;  // what a client shows; a ticket of TLS holds 64 KiB at most
constexpr size_t kAuthoritiesMax = 100;                    // their names go to every client that is asked

class ClientAuthorities {
 public:
  // errors: what is wrong with the file: it cannot be read, holds none or too many, or one that is no authority.
  static std::expected<ClientAuthorities, std::string> read(const conf::ListenerTls& config);
  // Before connections are made of the context. Tickets that were made under other demands do not count under these,
  // nor the other way round (RFC 8446 s4.2.11: a ticket stands for the client's certificate).
  void demand(ssl_ctx_st* context) const;

 private:
  static void free_certificate(x509_st* certificate);
  using Certificate = CHandle<x509_st, free_certificate>;
  ClientAuthorities() = default;
  std::vector<Certificate> certificates_;  // empty: clients are not asked
  bool required_ = false;
  Sha256 demands_{};  // what a ticket is bound to
};

}  // namespace sallyport::proxy
