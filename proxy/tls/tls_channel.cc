#include "proxy/tls/tls_channel.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "proxy/tls/peer_certificate.h"

namespace sallyport::proxy {
namespace {

// Where the records of one write are gathered before they go out in one send. One per thread: it is empty between
// calls.
constexpr size_t kGatherBytes = 80 * 1024;
thread_local std::unique_ptr<char[]> gather_buffer;
thread_local size_t gathered = 0;

// SSL_get_error() reads the thread's error queue, which others may have left filled. ERR_clear_error() walks all of it,
// even when nothing is there: some 500 instructions each time.
void clear_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

char* gather() {
  if (!gather_buffer) gather_buffer = std::make_unique<char[]>(kGatherBytes);
  return gather_buffer.get();
}

}  // namespace

// The BIO's callbacks: reading comes straight from the socket, writing is gathered.
struct TlsBio {
  static TlsChannel& channel(BIO* bio) { return *static_cast<TlsChannel*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* into, int size) {
    TlsChannel& self = channel(bio);
    BIO_clear_retry_flags(bio);
    if (self.socket_.drained()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const ssize_t got = self.socket_.receive(into, static_cast<size_t>(size));
    if (got < 0 && errno == EAGAIN) BIO_set_retry_read(bio);
    return static_cast<int>(got);
  }

  static int write(BIO* bio, const char* from, int size) {
    TlsChannel& self = channel(bio);
    BIO_clear_retry_flags(bio);
    const auto bytes = static_cast<size_t>(size);
    if (self.sent_ < self.queue_.size() || gathered + bytes > kGatherBytes) {
      self.queue_.append(gather(), gathered);
      gathered = 0;
      self.queue_.append(from, bytes);
      return size;
    }
    std::memcpy(gather() + gathered, from, bytes);
    gathered += bytes;
    return size;
  }

  static long ctrl(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP || command == BIO_CTRL_PUSH || command == BIO_CTRL_POP;
  }

  static int create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
  }

  static const BIO_METHOD* method() {
    static const BIO_METHOD* const made = [] {
      BIO_METHOD* const m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sallyport socket");
      if (m == nullptr) std::abort();
      BIO_meth_set_read(m, read);
      BIO_meth_set_write(m, write);
      BIO_meth_set_ctrl(m, ctrl);
      BIO_meth_set_create(m, create);
      return m;
    }();
    return made;
  }
};

TlsChannel::TlsChannel(Fd fd, ssl_st* ssl, std::shared_ptr<const void> asked)
    : ByteChannel(std::move(fd)), ssl_(ssl), asked_(std::move(asked)) {
  BIO* const bio = BIO_new(TlsBio::method());
  if (bio == nullptr) std::abort();
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
}

TlsChannel::~TlsChannel() {
  // OpenSSL would not resume a session whose connection ended without close_notify; how a connection was closed says
  // nothing of its keys. (A fatal alert has already forgotten the session.)
  if (handshaken_) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

Io TlsChannel::push() {
  if (gathered > 0) {
    const ssize_t put = socket_.transmit(gather(), gathered);
    if (put < 0 && errno != EAGAIN) {
      gathered = 0;
      broken_ = true;
      return Io::kBroken;
    }
    const size_t sent = put < 0 ? 0 : static_cast<size_t>(put);
    if (sent < gathered) {
      queue_.assign(gather() + sent, gathered - sent);
      sent_ = 0;
    }
    gathered = 0;
    return Io::kOk;
  }
  return queued() > 0 ? flush() : Io::kOk;
}

Io TlsChannel::judge(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return Io::kBlocked;
    case SSL_ERROR_ZERO_RETURN:
      return Io::kEnd;
    default:
      break;
  }
  broken_ = true;
  clear_errors();
  return Io::kBroken;
}

Io TlsChannel::handshake() {
  if (handshaken_) return Io::kOk;
  clear_errors();
  const int result = SSL_do_handshake(ssl_);
  if (result != 1) {
    const unsigned long code = ERR_peek_error();
    const long verdict = SSL_get_verify_result(ssl_);
    const Io io = judge(result);
    if (io == Io::kBroken || io == Io::kEnd) {
      if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
        failure_ = "the certificate is for another name";
      else if (verdict == X509_V_ERR_CERT_HAS_EXPIRED)
        failure_ = "the certificate has expired";
      else if (verdict == X509_V_ERR_CERT_NOT_YET_VALID)
        failure_ = "the certificate is not valid yet";
      else if (verdict != X509_V_OK)
        failure_ = "the certificate is not from a trusted authority";
      else if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER || ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST)
        failure_ = "the other side does not speak TLS";
      else if (ERR_GET_REASON(code) == SSL_R_UNSUPPORTED_PROTOCOL)
        failure_ = "no TLS version in common";
      else
        failure_ = "the TLS handshake failed";
      push();  // the alert
      return Io::kBroken;
    }
    if (push() == Io::kBroken) return Io::kBroken;
    return io;
  }
  if (SSL_is_server(ssl_) == 1) {
    auto certificate = read_peer_certificate(ssl_);
    if (!certificate) {
      broken_ = true;
      failure_ = certificate.error().what;
      gathered = 0;
      clear_errors();
      return Io::kBroken;
    }
    certificate_ = *std::move(certificate);
  }
  handshaken_ = true;
  asked_.reset();
  return push() == Io::kBroken ? Io::kBroken : Io::kOk;
}

IoResult TlsChannel::read(std::span<char> into) {
  if (broken_) return {Io::kBroken};
  if (socket_.drained() && SSL_has_pending(ssl_) == 0) return {Io::kBlocked};  // what SSL_read would find out at length
  clear_errors();
  const int got = SSL_read(ssl_, into.data(), static_cast<int>(into.size()));
  if (got > 0) return {Io::kOk, static_cast<size_t>(got)};
  const Io io = judge(got);
  if (gathered > 0) push();  // a key update or an alert
  return {io};
}

Io TlsChannel::write(std::string_view data) {
  if (broken_) return Io::kBroken;
  clear_errors();
  while (!data.empty()) {
    const int put = SSL_write(ssl_, data.data(), static_cast<int>(data.size()));
    if (put <= 0) {
      gathered = 0;
      judge(put);
      broken_ = true;  // the BIO takes everything: there is nothing to wait for
      return Io::kBroken;
    }
    data.remove_prefix(static_cast<size_t>(put));
  }
  return push() == Io::kBroken ? Io::kBroken : Io::kOk;
}

size_t TlsChannel::queued() const { return queue_.size() - sent_; }

Io TlsChannel::flush() {
  while (queued() > 0) {
    const ssize_t put = socket_.transmit(queue_.data() + sent_, queue_.size() - sent_);
    if (put < 0) {
      if (errno == EAGAIN) return Io::kBlocked;
      broken_ = true;
      return Io::kBroken;
    }
    sent_ += static_cast<size_t>(put);
  }
  std::string().swap(queue_);
  sent_ = 0;
  return Io::kOk;
}

bool TlsChannel::readable_now() const { return !broken_ && (!socket_.drained() || SSL_has_pending(ssl_) == 1); }

bool TlsChannel::peer_broken() {
  if (broken_) return true;
  char byte;
  clear_errors();
  const int got = SSL_peek(ssl_, &byte, 1);
  if (gathered > 0) push();
  return got <= 0 && judge(got) == Io::kBroken;
}

void TlsChannel::end_write() {
  if (broken_ || !handshaken_) return;
  SSL_shutdown(ssl_);
  clear_errors();
  push();
  if (queued() == 0) socket_.shut_write();
}

TlsFacts TlsChannel::facts() const {
  const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return {SSL_get_version(ssl_), SSL_get_cipher_name(ssl_), name == nullptr ? std::string_view() : name,
          SSL_session_reused(ssl_) == 1};
}

bool TlsChannel::speaks_http2() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return size == 2 && std::memcmp(name, "h2", 2) == 0;
}

bool TlsChannel::certificate_covers(const std::string& host) const {
  X509* const own = SSL_get_certificate(ssl_);
  if (own == nullptr) return false;
  if (X509_check_host(own, host.data(), host.size(), 0, nullptr) == 1) return true;
  return X509_check_ip_asc(own, host.c_str(), 0) == 1;
}

}  // namespace sallyport::proxy
