#include "base/fetch.h"

#include <curl/curl.h>
#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>

#include "base/c_handle.h"
#include "base/fd.h"
#include "base/outbound.h"

namespace sallyport {
namespace {

using Easy = CHandle<CURL, curl_easy_cleanup>;
using Bio = CHandle<BIO, BIO_free>;
using Certificate = CHandle<X509, X509_free>;

constexpr size_t kHeadBytesMax = size_t{64} << 10;
constexpr long kStallBytesPerSecond = 100;
constexpr size_t kReservedBytes = size_t{64} << 10;

bool is_this_machine(const http::Url& url) {
  if (const auto address = IpAddress::parse(url.host)) return is_loopback(*address);
  return url.host == "localhost" || url.host.ends_with(".localhost");  // RFC 6761 s6.3
}

bool may_fetch(const http::Url& url) { return url.scheme == "https" || is_this_machine(url); }

// What happens between curl_easy_perform()'s begin and end.
struct Transfer {
  const FetchRequest& request;
  const std::atomic<bool>& stopping;
  FetchReply reply = {};
  size_t head_bytes = 0;
  bool too_large = false;
  bool connected = false;         // a socket was made for an address that is allowed
  const char* refused = nullptr;  // by the outbound rule
};

// --- libcurl asks; RETURN values are its protocol

curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* to) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  SocketAddress address;
  if (to->addrlen > sizeof address.storage || (to->family != AF_INET && to->family != AF_INET6)) return CURL_SOCKET_BAD;
  std::memcpy(&address.storage, &to->addr, to->addrlen);
  address.length = to->addrlen;
  const IpAddress where = address.endpoint().address;
  const char* refusal = outbound_refusal(transfer.request.networks, where);
  if (transfer.request.url.scheme != "https" && !is_loopback(where)) refusal = "http:// goes to this machine alone";
  if (refusal != nullptr) {
    transfer.refused = refusal;
    return CURL_SOCKET_BAD;
  }
  transfer.connected = true;
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

size_t take_head(char*, size_t size, size_t count, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  transfer.head_bytes += size * count;
  transfer.too_large |= transfer.head_bytes > kHeadBytesMax;
  return transfer.too_large ? 0 : size * count;
}

size_t take_body(char* bytes, size_t size, size_t count, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  std::string& body = transfer.reply.body;
  transfer.too_large |= size * count > transfer.request.response_bytes_max - body.size();
  if (transfer.too_large) return 0;
  body.append(bytes, size * count);
  return size * count;
}

int look_up(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stopping ? 1 : 0;
}

// --- what is asked

// A list of header lines whose text stays where it is: in secret memory, if it is secret. libcurl reads the list only.
class HeaderLines {
 public:
  explicit HeaderLines(size_t lines_max) : nodes_(lines_max) {}
  HeaderLines(const HeaderLines&) = delete;
  HeaderLines& operator=(const HeaderLines&) = delete;
  void add(std::string text) { link(texts_.emplace_back(std::move(text)).data()); }
  Result<void> add_secret(std::string_view name, const SecretBytes& value) {
    TRY(secret_, SecretBytes::of_size(name.size() + value.size() + 1));
    const auto end = std::ranges::copy(value.view(), std::ranges::copy(as_bytes(name), secret_.span().begin()).out).out;
    *end = std::byte{0};
    link(reinterpret_cast<char*>(secret_.span().data()));
    return {};
  }
  curl_slist* list() { return used_ == 0 ? nullptr : nodes_.data(); }

 private:
  void link(char* text) {
    nodes_.at(used_) = {text, nullptr};
    if (used_ > 0) nodes_[used_ - 1].next = &nodes_[used_];
    ++used_;
  }
  std::vector<curl_slist> nodes_;
  size_t used_ = 0;
  std::deque<std::string> texts_;
  SecretBytes secret_;
};

bool is_field_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<void> fill(HeaderLines& lines, const FetchRequest& request) {
  lines.add("User-Agent: sallyport");
  lines.add("Expect:");  // never waited for
  for (const auto& [name, value] : request.headers) {
    if (!is_field_text(name) || !is_field_text(value)) return malformed(request.side, "a header with control bytes");
    lines.add(name + ": " + value);
  }
  if (request.method == FetchRequest::Method::kPost) lines.add("Content-Type: application/x-www-form-urlencoded");
  if (request.authorization.empty()) return {};
  if (!is_field_text(request.authorization.reveal())) return malformed(request.side, "a header with control bytes");
  return lines.add_secret("Authorization: ", request.authorization);
}

// Every option is one that this version knows: a libcurl that does not is a mistake of the build.
template <class T>
void set(CURL* easy, CURLoption option, T value) {
  if (curl_easy_setopt(easy, option, value) != CURLE_OK) std::abort();
}

void set_manners(CURL* easy) {
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // a name server that is silent holds nobody beyond the time limit
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");  // not the environment's either
  set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  set(easy, CURLOPT_FORBID_REUSE, 1L);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy, CURLOPT_CERTINFO, 1L);
}

void set_limits(CURL* easy, Transfer& transfer) {
  const FetchRequest& request = transfer.request;
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout.count()));
  set(easy, CURLOPT_LOW_SPEED_LIMIT, kStallBytesPerSecond);
  set(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_timeout.count()));
  set(easy, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.response_bytes_max));
  set(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, &transfer);
  set(easy, CURLOPT_HEADERFUNCTION, take_head);
  set(easy, CURLOPT_HEADERDATA, &transfer);
  set(easy, CURLOPT_WRITEFUNCTION, take_body);
  set(easy, CURLOPT_WRITEDATA, &transfer);
  set(easy, CURLOPT_NOPROGRESS, 0L);
  set(easy, CURLOPT_XFERINFOFUNCTION, look_up);
  set(easy, CURLOPT_XFERINFODATA, &transfer);
}

void set_trust(CURL* easy, const std::string& ca_pem) {
  if (ca_pem.empty()) return;
  curl_blob blob{const_cast<char*>(ca_pem.data()), ca_pem.size(), CURL_BLOB_NOCOPY};
  set(easy, CURLOPT_CAINFO_BLOB, &blob);
  set(easy, CURLOPT_CAPATH, static_cast<char*>(nullptr));  // else the system's folder counts as well
}

// --- what came of it

const char* certificate_fault(CURL* easy) {
  long verdict = X509_V_OK;
  curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
  switch (verdict) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:  // libcurl compares names before it keeps the verdict on the chain
      return "certificate is for another name";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "certificate is not valid yet";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "certificate is of no authority that is trusted";
    default:
      return "certificate does not verify";
  }
}

Error fault(CURLcode code, CURL* easy, const Transfer& transfer) {
  const Side side = transfer.request.side;
  if (transfer.too_large || code == CURLE_FILESIZE_EXCEEDED) return {Code::kTooLarge, side, "answer is too large"};
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Code::kNotFound, side, "name was not found"};
    case CURLE_COULDNT_CONNECT:
      if (transfer.refused != nullptr && !transfer.connected) return {Code::kDenied, side, transfer.refused};
      return {Code::kUnavailable, side, "nobody answered at the address"};
    case CURLE_PEER_FAILED_VERIFICATION:
      return {Code::kUnauthenticated, side, certificate_fault(easy)};
    case CURLE_SSL_CACERT_BADFILE:
      return {Code::kMalformed, side, "the authorities that are trusted (ca) do not read"};
    case CURLE_SSL_CONNECT_ERROR:
      return {Code::kUnavailable, side, "TLS could not be agreed on"};
    case CURLE_OPERATION_TIMEDOUT:
      return {Code::kTimeout, side, "no answer in time"};
    case CURLE_ABORTED_BY_CALLBACK:
      return {Code::kUnavailable, Side::kSelf, "shutting down"};
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return {Code::kMalformed, side, "answer is not HTTP"};
    default:
      return {Code::kUnavailable, side, "connection ended before the answer did"};
  }
}

std::string header_of(CURL* easy, const char* name) {
  curl_header* found = nullptr;
  return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : std::string();
}

// Of the server's own certificate, the first that it has shown.
std::optional<WallMicros> certificate_end(CURL* easy) {
  curl_certinfo* shown = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &shown) != CURLE_OK || shown == nullptr || shown->num_of_certs < 1)
    return std::nullopt;
  constexpr std::string_view kCert = "Cert:";
  for (const curl_slist* line = shown->certinfo[0]; line != nullptr; line = line->next) {
    const std::string_view text(line->data);
    if (!text.starts_with(kCert)) continue;
    const Bio bio(BIO_new_mem_buf(text.data() + kCert.size(), static_cast<int>(text.size() - kCert.size())));
    const Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
    std::tm end{};
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) return std::nullopt;
    return WallMicros{static_cast<int64_t>(::timegm(&end)) * 1'000'000};
  }
  return std::nullopt;
}

}  // namespace

Result<http::Url> parse_fetch_url(std::string_view text, Side side) {
  // RFC 3986 s2: everything else stands there percent-encoded.
  static constexpr std::string_view kMarks = "-._~:/?#[]@!$&'()*+,;=%";
  const bool plain = std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.contains(c);
  });
  auto url = http::parse_url(text);
  if (!plain || !url || !may_fetch(*url)) return malformed(side, "not an https URL, or one of http to this machine");
  return *std::move(url);
}

CurlFetcher::CurlFetcher() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) std::abort();
}

Result<FetchReply> CurlFetcher::fetch(const FetchRequest& request) {
  if (!may_fetch(request.url)) return malformed(request.side, "not an https URL, or one of http to this machine");
  if (stopping_) return fail(Code::kUnavailable, Side::kSelf, "shutting down");
  constexpr size_t kOwnLines = 4;
  HeaderLines lines(request.headers.size() + kOwnLines);
  CHECKED(fill(lines, request));
  const Easy easy(curl_easy_init());
  if (!easy) return fail(Code::kLimit, Side::kSelf, "out of memory");
  Transfer transfer{.request = request, .stopping = stopping_};
  transfer.reply.body.reserve(std::min(request.response_bytes_max, kReservedBytes));  // no copies of it left behind
  set_manners(easy.get());
  set_limits(easy.get(), transfer);
  set_trust(easy.get(), request.ca_pem);
  set(easy.get(), CURLOPT_URL, request.url.to_string().c_str());
  set(easy.get(), CURLOPT_HTTPHEADER, lines.list());
  if (request.method == FetchRequest::Method::kPost) {
    set(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.form.size()));
    set(easy.get(), CURLOPT_POSTFIELDS, request.form.empty() ? "" : request.form.reveal().data());
  }
  if (const CURLcode code = curl_easy_perform(easy.get()); code != CURLE_OK) {
    wipe(transfer.reply.body);
    return std::unexpected(fault(code, easy.get(), transfer));
  }
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  FetchReply& reply = transfer.reply;
  reply.status = static_cast<int>(status);
  reply.content_type = header_of(easy.get(), "Content-Type");
  reply.cache_control = header_of(easy.get(), "Cache-Control");
  reply.etag = header_of(easy.get(), "ETag");
  reply.last_modified = header_of(easy.get(), "Last-Modified");
  reply.certificate_ends = certificate_end(easy.get());
  return std::move(reply);
}

}  // namespace sallyport
