// One alias per C type: using SslPtr = CHandle<SSL, SSL_free>;  frees once, cannot be copied.
#pragma once

#include <memory>

namespace sallyport {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};

template <class T, auto Free>
using CHandle = std::unique_ptr<T, FreeWith<Free>>;

}  // namespace sallyport
