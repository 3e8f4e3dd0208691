// A mistake in something a person wrote (configuration, resources, a form): where it is and what to do. Readers of such
// input collect all mistakes before they give up, so that one look mends them all.
#pragma once

#include <string>
#include <vector>

namespace sallyport {

struct Mistake {
  std::string path;     // "listeners[0].tls.min_version"; empty for the whole document
  std::string message;  // plain words, names the expected; never holds a secret value
  std::string code;     // stable word for programs: unknown_key, missing, wrong_type, out_of_range, conflict, ...
  std::string file{};   // as given by the person; empty when the input is not a file
  int line = 0;         // 1-based; 0 when unknown
};
using Mistakes = std::vector<Mistake>;

// "FILE:LINE: path: message", or as much of it as is known.
std::string to_line(const Mistake& mistake);

}  // namespace sallyport
