// What was looked at, in order, for the flight recorder: each check with what was expected and what was found, the one
// that failed last. It holds names, addresses, times and algorithms; never a NameID, an attribute's value, a key or a
// signature.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sallyport::sso {

struct Check {
  const char* name;
  std::string expected;
  std::string found;  // may come from anybody: at most 200 bytes of printable ASCII, all else became '?'
  bool passed;
};

constexpr size_t kCheckFoundBytesMax = 200;

class Checks {
 public:
  // Notes a check that decides nothing by itself.
  void add(bool passed, const char* name, std::string_view expected, std::string_view found);
  // Notes the check, and is its outcome.
  Result<void> require(bool passed, const char* name, std::string_view expected, std::string_view found, Error error);
  // The same for what has to hold before a check can be made at all: noted only when it does not.
  Result<void> demand(bool passed, const char* name, std::string_view expected, std::string_view found, Error error);
  // Something that returned an error of its own: noted, passed on.
  template <class T>
  Result<T> note(const char* name, std::string_view expected, Result<T> outcome) {
    add(outcome.has_value(), name, expected, outcome ? std::string_view("ok") : outcome.error().what);
    return outcome;
  }
  void append(const Checks& others) { list_.insert(list_.end(), others.list_.begin(), others.list_.end()); }
  const std::vector<Check>& list() const { return list_; }

 private:
  std::vector<Check> list_;
};

}  // namespace sallyport::sso
