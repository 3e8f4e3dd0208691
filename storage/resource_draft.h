// One document as `apply` was given it, taken apart: the resource it reads as, what of it is kept in clear, and the
// secrets, which are moved into secret memory and wiped from the document.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/mistake.h"
#include "base/secret.h"
#include "policy/resource.h"

namespace sallyport::storage {

struct SecretEdit {
  enum class What : uint8_t { kSet, kDelete, kKeep };
  std::string field;  // "secrets.NAME"
  What what = What::kKeep;
  SecretBytes value;
};

struct Draft {
  size_t index = 0;  // of the document
  policy::Resource resource;
  std::string spec;  // canonical JSON without kind, name, secrets and password
  std::vector<SecretEdit> secrets;
  std::optional<SecretBytes> password;  // plain
};

// The mistakes of one document get "[INDEX]" in front of their path.
std::string path_in(size_t index, std::string_view path);

// Takes the secrets out of all documents, whatever else is wrong with them, then reads what is left.
// On return no document holds a secret.   mistakes: every one of every document, twins (same kind and name) too.
std::vector<Draft> take_apart(std::vector<nlohmann::json>& documents, Mistakes& mistakes);

// The document of a stored resource: kind and name and what its spec says.   errors: kMalformed the spec is no JSON
// object.
Result<nlohmann::json> document_of(policy::Kind kind, const std::string& name, const std::string& spec);
std::string canonical_spec(const nlohmann::json& document);

// What a user's spec says of the password itself: when it was set (nobody knows: nothing), and that it must be changed.
struct PasswordMarks {
  std::optional<WallMicros> set;
  bool change = false;
};
// A user's spec with these marks in place of its own.   errors: kMalformed as above.
Result<std::string> with_marks(const std::string& spec, const PasswordMarks& marks);

}  // namespace sallyport::storage
