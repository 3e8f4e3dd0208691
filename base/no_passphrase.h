// What OpenSSL's readers of PEM are given for a passphrase: an empty one. Without any they ask for it on the terminal,
// and the thread that reads stands still until somebody answers.
#pragma once

namespace sallyport {

inline void* no_passphrase() {
  static char empty[] = "";
  return empty;
}

}  // namespace sallyport
