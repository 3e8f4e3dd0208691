#include "sso/ldap/connection.h"

#include <openldap.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace sallyport::sso::ldap {
namespace {

void free_message(LDAPMessage* message) { ldap_msgfree(message); }
void free_text(char* text) { ldap_memfree(text); }
void free_values(berval** values) { ldap_value_free_len(values); }
void free_element(BerElement* element) { ber_free(element, 0); }
using Message = CHandle<LDAPMessage, free_message>;
using Text = CHandle<char, free_text>;
using Values = CHandle<berval*, free_values>;
using Element = CHandle<BerElement, free_element>;

// libldap opens a connection by itself when it finds its own gone. There it finds nobody.
constexpr char kNowhere[] = "ldapi://%2Fdev%2Fnull";

bool has_nul(const std::string& text) { return text.find('\0') != text.npos; }

timeval left_until(Monotonic until) {
  const auto left =
      std::max(std::chrono::duration_cast<std::chrono::microseconds>(until - std::chrono::steady_clock::now()),
               std::chrono::microseconds{1});
  return {static_cast<time_t>(left.count() / 1'000'000), static_cast<suseconds_t>(left.count() % 1'000'000)};
}

}  // namespace

bool has_content(const SecretBytes& password) {
  return std::ranges::any_of(password.view(), [](std::byte byte) { return byte != std::byte{0}; });
}

struct Connection::Inside {
  explicit Inside(std::unique_ptr<Channel> over) : channel(std::move(over)) {}
  ~Inside();
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  Result<void> begin();
  void allow(Monotonic until) { channel->allow(until_ = until, kAnswerBytesMax); }
  // What libldap says is wrong is less than what the channel knows.
  std::unexpected<Error> breaks(const char* what);
  Result<Message> next(int id);
  Result<LdapAnswer> answer_in(LDAPMessage* message);
  Result<LdapAnswer> only_answer(int id, int kind);  // libldap's
  Entry entry_in(LDAPMessage* message);

  static int setup(Sockbuf_IO_Desc* layer, void* inside);
  static int remove(Sockbuf_IO_Desc* layer);
  static int control(Sockbuf_IO_Desc* layer, int option, void* argument);
  static ber_slen_t read(Sockbuf_IO_Desc* layer, void* buffer, ber_len_t size);
  static ber_slen_t write(Sockbuf_IO_Desc* layer, void* buffer, ber_len_t size);
  static int close(Sockbuf_IO_Desc*) { return 0; }  // the channel does
  ber_slen_t given(const Result<size_t>& outcome);

  std::unique_ptr<Channel> channel;
  LDAP* handle = nullptr;
  bool broken = false;
  std::optional<Error> wire_error;

 private:
  Monotonic until_{};
};

// --- what libldap reads and writes through

int Connection::Inside::setup(Sockbuf_IO_Desc* layer, void* inside) {
  layer->sbiod_pvt = inside;
  return 0;
}

int Connection::Inside::remove(Sockbuf_IO_Desc* layer) {
  layer->sbiod_pvt = nullptr;
  return 0;
}

int Connection::Inside::control(Sockbuf_IO_Desc* layer, int option, void*) {
  return option == LBER_SB_OPT_DATA_READY && static_cast<Inside*>(layer->sbiod_pvt)->channel->has_bytes() ? 1 : 0;
}

ber_slen_t Connection::Inside::given(const Result<size_t>& outcome) {
  if (outcome) return static_cast<ber_slen_t>(*outcome);
  wire_error = outcome.error();
  errno = EIO;
  return -1;
}

ber_slen_t Connection::Inside::read(Sockbuf_IO_Desc* layer, void* buffer, ber_len_t size) {
  Inside& self = *static_cast<Inside*>(layer->sbiod_pvt);
  return self.given(self.channel->read({static_cast<std::byte*>(buffer), size}));
}

// The buffer is libldap's own, given back to the heap as it is: a password that went out must not stay in there.
ber_slen_t Connection::Inside::write(Sockbuf_IO_Desc* layer, void* buffer, ber_len_t size) {
  Inside& self = *static_cast<Inside*>(layer->sbiod_pvt);
  auto* const bytes = static_cast<std::byte*>(buffer);
  const Result<size_t> written = self.channel->write({bytes, size});
  if (written) wipe(std::span(bytes, *written));
  return self.given(written);
}

// --- one connection

// Whatever a configuration file of libldap or its environment says is overridden here, or not used.
Result<void> Connection::Inside::begin() {
  constexpr Error kNone{Code::kInternal, Side::kSelf, "libldap does not begin"};
  static constexpr Sockbuf_IO kLayer{setup, remove, control, read, write, close};
  if (ldap_init_fd(channel->fd(), LDAP_PROTO_EXT, nullptr, &handle) != LDAP_SUCCESS || handle == nullptr)
    return std::unexpected(kNone);
  const int version = LDAP_VERSION3;
  const int never = LDAP_DEREF_NEVER;
  ber_len_t most = kMessageBytesMax;
  Sockbuf* socket = nullptr;
  const bool set = ldap_set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_OPT_SUCCESS &&
                   ldap_set_option(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS &&
                   ldap_set_option(handle, LDAP_OPT_DEREF, &never) == LDAP_OPT_SUCCESS &&
                   ldap_set_option(handle, LDAP_OPT_RESTART, LDAP_OPT_ON) == LDAP_OPT_SUCCESS &&
                   ldap_set_option(handle, LDAP_OPT_URI, kNowhere) == LDAP_OPT_SUCCESS &&
                   ldap_get_option(handle, LDAP_OPT_SOCKBUF, &socket) == LDAP_OPT_SUCCESS && socket != nullptr &&
                   ber_sockbuf_ctrl(socket, LBER_SB_OPT_SET_MAX_INCOMING, &most) == 1 &&
                   ber_sockbuf_add_io(socket, const_cast<Sockbuf_IO*>(&kLayer), LBER_SBIOD_LEVEL_PROVIDER, this) == 0;
  if (!set) return std::unexpected(kNone);
  return {};
}

Connection::Inside::~Inside() {
  if (handle == nullptr) return;
  allow({});  // what would wait is not sent
  ldap_unbind_ext_s(handle, nullptr, nullptr);
}

std::unexpected<Error> Connection::Inside::breaks(const char* what) {
  broken = true;
  return std::unexpected(wire_error.value_or(Error{Code::kUnavailable, Side::kIdentityProvider, what}));
}

Result<Message> Connection::Inside::next(int id) {
  LDAPMessage* raw = nullptr;
  timeval left = left_until(until_);
  const int kind = ldap_result(handle, id, LDAP_MSG_ONE, &left, &raw);
  Message message(raw);
  if (kind == 0) return breaks("the server does not answer in time");
  if (kind < 0 || message == nullptr) return breaks("the server ended the connection, or does not speak LDAP");
  return message;
}

Result<LdapAnswer> Connection::Inside::answer_in(LDAPMessage* message) {
  LdapAnswer out;
  char* said = nullptr;
  const int parsed = ldap_parse_result(handle, message, &out.code, nullptr, &said, nullptr, nullptr, 0);
  const Text owner(said);
  if (parsed != LDAP_SUCCESS) return breaks("the server's answer is not LDAP");
  if (said != nullptr) out.said = said;
  return out;
}

Result<LdapAnswer> Connection::Inside::only_answer(int id, int kind) {
  TRY(const Message message, next(id));
  if (ldap_msgtype(message.get()) != kind) return breaks("the server answers something else");
  return answer_in(message.get());
}

Entry Connection::Inside::entry_in(LDAPMessage* message) {
  const Text dn(ldap_get_dn(handle, message));
  Entry out(dn ? dn.get() : "");
  BerElement* raw = nullptr;
  Text name(ldap_first_attribute(handle, message, &raw));
  const Element at(raw);
  for (; name != nullptr; name.reset(ldap_next_attribute(handle, message, at.get()))) {
    const Values values(ldap_get_values_len(handle, message, name.get()));
    std::vector<std::string> list;
    for (berval** each = values.get(); each != nullptr && *each != nullptr; ++each)
      list.emplace_back((*each)->bv_val, (*each)->bv_len);
    out.add(name.get(), std::move(list));
  }
  return out;
}

Connection::Connection(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::over(std::unique_ptr<Channel> channel) {
  std::unique_ptr<Connection> out(new Connection(std::make_unique<Inside>(std::move(channel))));
  CHECKED(out->inside_->begin());
  return out;
}

bool Connection::is_broken() const { return inside_->broken; }
bool Connection::is_quiet() const { return !inside_->broken && inside_->channel->is_quiet(); }

Result<TlsFacts> Connection::upgrade(const TlsContext& context, const std::string& server, Monotonic until) {
  Inside& in = *inside_;
  in.allow(until);
  int id = 0;
  if (ldap_extended_operation(in.handle, LDAP_EXOP_START_TLS, nullptr, nullptr, nullptr, &id) != LDAP_SUCCESS)
    return in.breaks("the connection broke");
  TRY(const LdapAnswer answer, in.only_answer(id, LDAP_RES_EXTENDED));
  if (answer.code != code::kSuccess) return in.breaks("the server does not start TLS");
  auto facts = in.channel->start_tls(context, server, until);
  in.broken = !facts.has_value();
  return facts;
}

Result<LdapAnswer> Connection::bind(const std::string& dn, const SecretBytes& password, Monotonic until) {
  if (dn.empty() || has_nul(dn)) return malformed(Side::kSelf, "a bind as nobody is not made");
  if (!has_content(password)) return malformed(Side::kSelf, "a bind without a password is not made");
  Inside& in = *inside_;
  in.allow(until);
  berval secret{password.size(), const_cast<char*>(password.reveal().data())};
  int id = 0;
  if (ldap_sasl_bind(in.handle, dn.c_str(), LDAP_SASL_SIMPLE, &secret, nullptr, nullptr, &id) != LDAP_SUCCESS)
    return in.breaks("the connection broke");
  return in.only_answer(id, LDAP_RES_BIND);
}

Result<SearchAnswer> Connection::search(const SearchRequest& request, Monotonic until) {
  if (has_nul(request.base) || has_nul(request.filter))
    return malformed(Side::kSelf, "a search with a NUL is not made");
  Inside& in = *inside_;
  in.allow(until);
  std::vector<char*> attributes;
  for (const std::string& name : request.attributes) attributes.push_back(const_cast<char*>(name.c_str()));
  attributes.push_back(nullptr);
  timeval left = left_until(until);
  left.tv_sec = std::max<time_t>(left.tv_sec, 1);  // the server counts whole seconds, and 0 is for ever
  int id = 0;
  const int asked =
      ldap_search_ext(in.handle, request.base.c_str(), request.base_alone ? LDAP_SCOPE_BASE : LDAP_SCOPE_SUBTREE,
                      request.filter.c_str(), attributes.data(), 0, nullptr, nullptr, &left,
                      static_cast<int>(request.entries_max), &id);
  if (asked == LDAP_FILTER_ERROR) return malformed(Side::kSelf, "the search filter is not one (RFC 4515)");
  if (asked != LDAP_SUCCESS) return in.breaks("the connection broke");

  SearchAnswer out;
  for (;;) {
    TRY(const Message message, in.next(id));
    const int kind = ldap_msgtype(message.get());
    if (kind == LDAP_RES_SEARCH_RESULT) {
      TRY(out.answer, in.answer_in(message.get()));
      out.more = out.more || out.answer.code == code::kSizeLimitExceeded;
      return out;
    }
    if (kind != LDAP_RES_SEARCH_ENTRY) continue;  // a reference to another server
    if (out.entries.size() == request.entries_max) {
      in.broken = true;  // it sends more than it was asked for
      out.answer.code = code::kSizeLimitExceeded;
      out.more = true;
      return out;
    }
    out.entries.push_back(in.entry_in(message.get()));
  }
}

}  // namespace sallyport::sso::ldap
