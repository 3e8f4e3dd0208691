// Expected failure is a value: Result<T>, with one small Error type for the whole program.
// `code` says what to do about it, `side` who failed, `what` is a literal and never holds request bytes.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>

namespace sallyport {

enum class Code : uint8_t {
  kMalformed,        // the input breaks a rule of its format
  kUnauthenticated,  // nobody, or not enough, is proven
  kDenied,           // known, and not allowed
  kNotFound,
  kMisdirected,  // right here, wrong connection (421)
  kUnsupported,  // understood, and never done (a method)
  kTooLarge,     // more bytes than are taken
  kConflict,     // the world moved: compare and try again
  kLimit,        // a named bound was reached
  kUnavailable,  // it may work later
  kTimeout,
  kInternal,  // our own mistake
};

enum class Side : uint8_t { kClient, kUpstream, kIdentityProvider, kStorage, kSelf };

struct Error {
  Code code;
  Side side;
  const char* what;  // a string literal
  friend bool operator==(const Error& a, const Error& b) {
    return a.code == b.code && a.side == b.side && std::string_view(a.what) == b.what;
  }
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, Side side, const char* what) {
  return std::unexpected(Error{code, side, what});
}
inline std::unexpected<Error> malformed(Side side, const char* what) { return fail(Code::kMalformed, side, what); }

std::string_view to_string(Code code);
std::string_view to_string(Side side);

// TRY(auto port, parse_port(text));  binds the value, or returns the error. CHECKED(expr) is for Result<void>.
#define SALLYPORT_CAT2(a, b) a##b
#define SALLYPORT_CAT(a, b) SALLYPORT_CAT2(a, b)
#define SALLYPORT_TRY(leave, tmp, decl, ...) \
  auto tmp = (__VA_ARGS__);                  \
  if (!tmp) [[unlikely]]                     \
    leave std::unexpected(tmp.error());      \
  decl = *std::move(tmp)
#define SALLYPORT_CHECKED(leave, tmp, ...)         \
  if (auto tmp = (__VA_ARGS__); !tmp) [[unlikely]] \
  leave std::unexpected(tmp.error())
#define TRY(decl, ...) SALLYPORT_TRY(return, SALLYPORT_CAT(try_, __LINE__), decl, __VA_ARGS__)
#define CO_TRY(decl, ...) SALLYPORT_TRY(co_return, SALLYPORT_CAT(try_, __LINE__), decl, __VA_ARGS__)
#define CHECKED(...) SALLYPORT_CHECKED(return, SALLYPORT_CAT(try_, __LINE__), __VA_ARGS__)
#define CO_CHECKED(...) SALLYPORT_CHECKED(co_return, SALLYPORT_CAT(try_, __LINE__), __VA_ARGS__)

}  // namespace sallyport
