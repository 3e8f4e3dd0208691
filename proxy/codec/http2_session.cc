#include "proxy/codec/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/recycled.h"
#include "base/secret.h"

namespace sallyport::http2 {
namespace {

constexpr size_t kFrameHeadBytes = 9;
constexpr size_t kAcksWaitingMax = 64;   // of PING and SETTINGS; more is a flood whatever the owner counts
constexpr size_t kSettingsMax = 16;      // in one frame
constexpr size_t kContinuationsMax = 8;  // of one field section

FrameType type_of(uint8_t type) {
  return type <= static_cast<uint8_t>(FrameType::kContinuation) ? static_cast<FrameType>(type) : FrameType::kUnknown;
}

uint8_t* bytes_of(const char* text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text)); }

std::string_view text_of(nghttp2_rcbuf* buffer) {
  const nghttp2_vec view = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(view.base), view.len};
}

enum class Wiped : bool { kNo, kYes };

// The memory of a session, recycled; a client's, which copies the credentials it is given, is wiped when it is given
// back. In front of each piece stands its size.
template <Wiped kWiped>
struct SessionMemory {
  static constexpr size_t kFrontBytes = alignof(std::max_align_t);

  static size_t& size_of(void* piece) {
    return *reinterpret_cast<size_t*>(static_cast<std::byte*>(piece) - kFrontBytes);
  }
  static void* allocate(size_t size, void*) {
    if (size > SIZE_MAX - kFrontBytes) return nullptr;
    auto* const front = static_cast<std::byte*>(take_piece(kFrontBytes + size));
    size_of(front + kFrontBytes) = size;
    return front + kFrontBytes;
  }
  static void free(void* piece, void*) {
    if (piece == nullptr) return;
    const size_t size = size_of(piece);
    if (kWiped == Wiped::kYes) wipe({static_cast<std::byte*>(piece), size});
    give_back_piece(static_cast<std::byte*>(piece) - kFrontBytes, kFrontBytes + size);
  }
  static void* allocate_zeroed(size_t count, size_t size, void* user) {
    if (size != 0 && count > SIZE_MAX / size) return nullptr;
    void* const piece = allocate(count * size, user);
    if (piece != nullptr) std::memset(piece, 0, count * size);
    return piece;
  }
  static void* resize(void* piece, size_t size, void* user) {
    void* const other = allocate(size, user);
    if (other == nullptr || piece == nullptr) return other;
    std::memcpy(other, piece, std::min(size, size_of(piece)));
    free(piece, user);
    return other;
  }
  static nghttp2_mem functions() { return {nullptr, allocate, free, allocate_zeroed, resize}; }
};

}  // namespace

void FieldBlock::clear() {
  text_.clear();
  lines_.clear();
}

void FieldBlock::wipe() {
  sallyport::wipe(text_);
  lines_.clear();
}

void FieldBlock::reserve(size_t bytes) { text_.reserve(bytes); }

void FieldBlock::add(std::string_view name, std::string_view value, Indexing indexing) {
  const auto at = static_cast<uint32_t>(text_.size());
  text_.append(name).append(value);
  lines_.push_back({at, static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value.size()), indexing});
}

// What nghttp2 calls. user: the Session; the user data of a stream: its Stream.
struct Callbacks {
  static Session& session(void* user) { return *static_cast<Session*>(user); }
  static Stream* stream(nghttp2_session* session, StreamId id) {
    return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  // Valid until it is called again.
  static const std::vector<nghttp2_nv>& lines_of(const FieldBlock& block) {
    static thread_local std::vector<nghttp2_nv> lines;
    lines.clear();
    for (const FieldBlock::Line& line : block.lines_) {
      const char* const at = block.text_.data() + line.at;
      lines.push_back({bytes_of(at), bytes_of(at + line.name_bytes), line.name_bytes, line.value_bytes,
                       static_cast<uint8_t>(line.indexing == FieldBlock::Indexing::kNever ? NGHTTP2_NV_FLAG_NO_INDEX
                                                                                          : NGHTTP2_NV_FLAG_NONE)});
    }
    return lines;
  }

  // --- received
  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
    const FrameType type = type_of(head->type);
    const bool may_end = type == FrameType::kData || type == FrameType::kHeaders;
    session(user).owner_.on_frame({type, head->length, may_end && (head->flags & NGHTTP2_FLAG_END_STREAM) != 0});
    return 0;
  }

  static int on_begin_headers(nghttp2_session* raw, const nghttp2_frame* frame, void* user) {
    const StreamId id = frame->hd.stream_id;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      Stream* const made = session(user).owner_.on_stream(id);
      if (made == nullptr) {
        nghttp2_submit_rst_stream(raw, NGHTTP2_FLAG_NONE, id, NGHTTP2_REFUSED_STREAM);
        return 0;
      }
      nghttp2_session_set_stream_user_data(raw, id, made);
    }
    if (Stream* const to = stream(raw, id)) to->on_head();
    return 0;
  }

  static int on_header(nghttp2_session* raw, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                       uint8_t, void*) {
    if (Stream* const to = stream(raw, frame->hd.stream_id)) to->on_field(text_of(name), text_of(value));
    return 0;
  }

  // nghttp2 would leave the field out and go on; what is broken is refused as a whole (RFC 9113 s8.1.1).
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*, uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int on_data_chunk(nghttp2_session* raw, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) {
    if (Stream* const to = stream(raw, id))
      to->on_data({reinterpret_cast<const char*>(data), size});
    else
      session(user).consume_connection(size);
    return 0;
  }

  static int on_frame_recv(nghttp2_session* raw, const nghttp2_frame* frame, void* user) {
    const bool head = frame->hd.type == NGHTTP2_HEADERS;
    if (head || frame->hd.type == NGHTTP2_DATA) {
      const bool last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
      Stream* to = stream(raw, frame->hd.stream_id);
      if (to != nullptr && head) {
        to->on_head_end(last ? Stream::Follows::kNothing : Stream::Follows::kMore);
        to = stream(raw, frame->hd.stream_id);  // it may have been forgotten
      }
      if (to != nullptr && last) to->on_end();
      // Padding alone is as empty as nothing.
      const bool padding = !head && frame->data.padlen > 0 && frame->data.padlen == frame->hd.length;
      if (padding) session(user).owner_.on_frame({FrameType::kData, 0, last});
    } else if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
      session(user).owner_.on_settings();
    } else if (frame->hd.type == NGHTTP2_GOAWAY) {
      session(user).owner_.on_goaway();
    }
    return 0;
  }

  // Frames that we do not know (s5.5) are told of like all others by on_begin_frame, and passed over.
  static int on_unknown_frame(nghttp2_session*, void**, const nghttp2_frame_hd*, void*) { return NGHTTP2_ERR_CANCEL; }

  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int code, void* user) {
    session(user).owner_.on_violation(frame->hd.stream_id, nghttp2_strerror(code));
    return 0;
  }

  static int on_stream_close(nghttp2_session* raw, int32_t id, uint32_t code, void*) {
    if (Stream* const to = stream(raw, id)) to->on_closed(static_cast<ErrorCode>(code));
    return 0;
  }

  // --- sent
  static ssize_t send(nghttp2_session*, const uint8_t* data, size_t size, int, void* user) {
    Session& self = session(user);
    if (self.out_->size() >= self.most_) return NGHTTP2_ERR_WOULDBLOCK;
    self.out_->append(reinterpret_cast<const char*>(data), size);
    return static_cast<ssize_t>(size);
  }

  static ssize_t read_data(nghttp2_session* raw, int32_t id, uint8_t*, size_t room, uint32_t* flags,
                           nghttp2_data_source*, void*) {
    Stream* const from = stream(raw, id);
    if (from == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const Stream::Offer offer = from->on_room(room);
    if (offer.bytes == 0 && !offer.last) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (offer.last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (offer.last && offer.trailers != nullptr) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto& lines = lines_of(*offer.trailers);
      nghttp2_submit_trailer(raw, id, lines.data(), lines.size());
    }
    return static_cast<ssize_t>(offer.bytes);
  }

  static int send_data(nghttp2_session* raw, nghttp2_frame* frame, const uint8_t* head, size_t size,
                       nghttp2_data_source*, void* user) {
    Session& self = session(user);
    if (self.out_->size() >= self.most_) return NGHTTP2_ERR_WOULDBLOCK;
    Stream* const from = stream(raw, frame->hd.stream_id);
    if (from == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    self.out_->append(reinterpret_cast<const char*>(head), kFrameHeadBytes);
    from->take(size, *self.out_);
    self.owner_.on_data_sent();
    return 0;
  }

  static nghttp2_session_callbacks* made() {
    static nghttp2_session_callbacks* const all = [] {
      nghttp2_session_callbacks* out = nullptr;
      if (nghttp2_session_callbacks_new(&out) != 0) std::abort();
      nghttp2_session_callbacks_set_on_begin_frame_callback(out, on_begin_frame);
      nghttp2_session_callbacks_set_on_begin_headers_callback(out, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback2(out, on_header);
      nghttp2_session_callbacks_set_on_invalid_header_callback2(out, on_invalid_header);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(out, on_data_chunk);
      nghttp2_session_callbacks_set_on_frame_recv_callback(out, on_frame_recv);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(out, on_invalid_frame);
      nghttp2_session_callbacks_set_unpack_extension_callback(out, on_unknown_frame);
      nghttp2_session_callbacks_set_on_stream_close_callback(out, on_stream_close);
      nghttp2_session_callbacks_set_send_callback(out, send);
      nghttp2_session_callbacks_set_send_data_callback(out, send_data);
      return out;
    }();
    return all;
  }

  static constexpr nghttp2_data_provider body() { return {.source = {.ptr = nullptr}, .read_callback = read_data}; }
};

Session::Session(Role role, SessionOwner& owner, const SessionLimits& limits) : owner_(owner) {
  nghttp2_option* option = nullptr;
  if (nghttp2_option_new(&option) != 0) std::abort();
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  for (unsigned type = NGHTTP2_CONTINUATION + 1; type <= UINT8_MAX; ++type)
    nghttp2_option_set_user_recv_extension_type(option, static_cast<uint8_t>(type));
  nghttp2_option_set_max_outbound_ack(option, kAcksWaitingMax);
  nghttp2_option_set_max_settings(option, kSettingsMax);
  nghttp2_option_set_max_continuations(option, kContinuationsMax);
  nghttp2_mem plain = SessionMemory<Wiped::kNo>::functions();
  nghttp2_mem wiped = SessionMemory<Wiped::kYes>::functions();
  const int made = role == Role::kServer
                       ? nghttp2_session_server_new3(&session_, Callbacks::made(), this, option, &plain)
                       : nghttp2_session_client_new3(&session_, Callbacks::made(), this, option, &wiped);
  nghttp2_option_del(option);
  if (made != 0) std::abort();
  const nghttp2_settings_entry of_server[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams},
                                              {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
                                              {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.header_bytes},
                                              {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
                                              {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
  const nghttp2_settings_entry of_client[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                              {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0},
                                              {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
                                              {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.header_bytes}};
  if (role == Role::kServer)
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, of_server, std::size(of_server));
  else
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, of_client, std::size(of_client));
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(limits.connection_window));
}

Session::~Session() { nghttp2_session_del(session_); }

bool Session::receive(std::string_view bytes) {
  const auto* const data = reinterpret_cast<const uint8_t*>(bytes.data());
  return nghttp2_session_mem_recv(session_, data, bytes.size()) == static_cast<ssize_t>(bytes.size());
}

bool Session::send(std::string& out, size_t most) {
  out_ = &out;
  most_ = most;
  const int sent = nghttp2_session_send(session_);
  out_ = nullptr;
  return sent == 0;
}

bool Session::wants_to_send() const { return nghttp2_session_want_write(session_) != 0; }

bool Session::over() const {
  return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

StreamId Session::request(const FieldBlock& head, Stream& stream, bool with_body) {
  const auto& lines = Callbacks::lines_of(head);
  const nghttp2_data_provider body = Callbacks::body();
  const StreamId id =
      nghttp2_submit_request(session_, nullptr, lines.data(), lines.size(), with_body ? &body : nullptr, &stream);
  return id < 0 ? 0 : id;
}

void Session::respond(StreamId id, const FieldBlock& head, bool with_body) {
  const auto& lines = Callbacks::lines_of(head);
  const nghttp2_data_provider body = Callbacks::body();
  nghttp2_submit_response(session_, id, lines.data(), lines.size(), with_body ? &body : nullptr);
}

void Session::interim(StreamId id, const FieldBlock& head) {
  const auto& lines = Callbacks::lines_of(head);
  nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, lines.data(), lines.size(), nullptr);
}

void Session::resume(StreamId id) { nghttp2_session_resume_data(session_, id); }

void Session::reset(StreamId id, ErrorCode code) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<uint32_t>(code));
}

void Session::consume(StreamId id, size_t bytes) { nghttp2_session_consume(session_, id, bytes); }
void Session::consume_connection(size_t bytes) { nghttp2_session_consume_connection(session_, bytes); }
void Session::consume_stream(StreamId id, size_t bytes) { nghttp2_session_consume_stream(session_, id, bytes); }
void Session::widen(StreamId id, uint32_t window) {
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, id, static_cast<int32_t>(window));
}
bool Session::knows(StreamId id) const { return nghttp2_session_find_stream(session_, id) != nullptr; }
void Session::forget(StreamId id) { nghttp2_session_set_stream_user_data(session_, id, nullptr); }

void Session::announce_end() { nghttp2_submit_shutdown_notice(session_); }
void Session::end(ErrorCode code) { nghttp2_session_terminate_session(session_, static_cast<uint32_t>(code)); }
StreamId Session::last_stream() const { return nghttp2_session_get_last_proc_stream_id(session_); }
uint32_t Session::peer_streams_max() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}
bool Session::peer_takes_connect_protocol() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

}  // namespace sallyport::http2
