#include "base/shape.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sallyport {
namespace {

using Json = nlohmann::json;
using Type = Shape::Type;

std::string quoted(std::string_view word) { return "`" + std::string(word) + "`"; }

// A wrong word for a message, when it is short and harmless to print.
std::string shown(std::string_view lead, std::string_view word) {
  constexpr size_t kShownBytes = 40;
  const bool printable = std::ranges::all_of(word, [](char c) { return c >= 0x20 && c < 0x7f && c != '`'; });
  return printable && word.size() <= kShownBytes ? std::string(lead) + quoted(word) : "";
}

// "a, b or c"
std::string listed(const std::vector<std::string_view>& words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

std::string expected_of(const Shape& shape) {
  if (!shape.expected.empty() && shape.type != Type::kRefused) return std::string(shape.expected);
  switch (shape.type) {
    case Type::kText:
      return "text";
    case Type::kBool:
      return "true or false";
    case Type::kInteger:
      return "a whole number from " + std::to_string(shape.min) + " to " + std::to_string(shape.max);
    case Type::kList:
      return "a list";
    case Type::kMap:
    case Type::kObject:
      return "a mapping of keys to values";
    case Type::kEither:
    case Type::kRefused:
      return "absent";
    case Type::kChoice: {
      std::vector<std::string_view> words;
      for (const Choice& choice : shape.choices) {
        if (!choice.refused) words.push_back(choice.value);
      }
      return listed(words);
    }
  }
  return "";
}

bool takes(const Shape& shape, const Json& value);

// The form of kEither that takes this JSON type. What is refused as a whole is a form of several keys.
const Shape* form_for(const Shape& shape, const Json& value) {
  for (const Shape* one : shape.either) {
    if (one->type == Type::kRefused ? value.is_structured() : takes(*one, value)) return one;
  }
  return nullptr;
}

bool takes(const Shape& shape, const Json& value) {
  switch (shape.type) {
    case Type::kText:
    case Type::kChoice:
      return value.is_string();
    case Type::kBool:
      return value.is_boolean();
    case Type::kInteger:
      return value.is_number_integer();
    case Type::kList:
      return value.is_array();
    case Type::kMap:
    case Type::kObject:
      return value.is_object();
    case Type::kEither:
      return form_for(shape, value) != nullptr;
    case Type::kRefused:
      return true;
  }
  return false;
}

bool has_control(std::string_view text, bool lines) {
  return std::ranges::any_of(text, [lines](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && !(lines && (c == '\n' || c == '\r' || c == '\t'))) || byte == 0x7f;
  });
}

class Walk {
 public:
  explicit Walk(Mistakes& mistakes) : mistakes_(mistakes) {}

  void value(const Json& value, const Shape& shape, const std::string& path) {
    if (value.is_null() && shape.nullable) return;
    if (!takes(shape, value)) return wrong_type(value, shape, path);
    switch (shape.type) {
      case Type::kText:
        return text(value.get_ref<const std::string&>(), shape, path);
      case Type::kChoice:
        return choice(value.get_ref<const std::string&>(), shape, path);
      case Type::kBool:
        return;
      case Type::kInteger:
        return integer(value, shape, path);
      case Type::kList:
        return list(value, shape, path);
      case Type::kMap:
        return map(value, shape, path);
      case Type::kObject:
        return object(value, shape, path);
      case Type::kEither:
        return this->value(
            value, **std::ranges::find_if(shape.either, [&](const Shape* s) { return takes(*s, value); }), path);
      case Type::kRefused:
        if (value.is_null() || value == false || ((value.is_array() || value.is_object()) && value.empty())) return;
        return add(path, std::string(shape.expected), "not_in_this_version");
    }
  }

 private:
  bool overfull() const { return mistakes_.size() > kMistakesMax; }

  void add(std::string path, std::string message, std::string code) {
    if (overfull()) return;
    if (mistakes_.size() == kMistakesMax)
      return mistakes_.push_back({"", "there are more mistakes than these", "limit", "", 0});
    mistakes_.push_back({std::move(path), std::move(message), std::move(code), "", 0});
  }

  void wrong_type(const Json& value, const Shape& shape, const std::string& path) {
    const bool wants_text = shape.type == Type::kText || shape.type == Type::kChoice;
    const bool quotes_help = wants_text && (value.is_number() || value.is_boolean());
    add(path, "must be " + expected_of(shape) + (quotes_help ? ", in quotes" : ""), "wrong_type");
  }

  void text(const std::string& text, const Shape& shape, const std::string& path) {
    if (has_control(text, shape.lines)) return add(path, "must not hold control characters", "invalid_value");
    if (static_cast<int64_t>(text.size()) > shape.max)
      return add(path, "must not be longer than " + std::to_string(shape.max) + " bytes", "out_of_range");
    if (static_cast<int64_t>(text.size()) < shape.min)
      return add(path, "must not be empty; expected " + expected_of(shape), "invalid_value");
    if (!shape.check) return;
    if (const Fault fault = shape.check(text))
      add(path, fault.message + (shape.shown ? shown("; found ", text) : ""), fault.code);
  }

  void choice(const std::string& text, const Shape& shape, const std::string& path) {
    std::vector<std::string_view> words;
    for (const Choice& choice : shape.choices) {
      if (choice.value == text) {
        if (choice.refused) add(path, choice.refused, choice.code);
        return;
      }
      if (!choice.refused) words.push_back(choice.value);
    }
    const std::string_view meant = words.size() > 1 ? nearest_word(text, words) : std::string_view{};
    add(path,
        "must be " + listed(words) + shown(", not ", text) +
            (meant.empty() ? "" : "; did you mean " + quoted(meant) + "?"),
        "invalid_value");
  }

  void integer(const Json& value, const Shape& shape, const std::string& path) {
    const bool too_large = value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(shape.max);
    if (too_large || value.get<int64_t>() < shape.min || value.get<int64_t>() > shape.max)
      add(path, "must be " + expected_of(shape), "out_of_range");
  }

  bool count(const Json& value, const Shape& shape, const std::string& path) {
    const auto size = static_cast<int64_t>(value.size());
    if (size > shape.max) {
      add(path, "must not have more than " + std::to_string(shape.max) + " entries", "out_of_range");
      return false;
    }
    if (size < shape.min) add(path, "must not be empty", "invalid_value");
    return true;
  }

  void list(const Json& value, const Shape& shape, const std::string& path) {
    if (!count(value, shape, path)) return;
    for (size_t i = 0; i < value.size() && !overfull(); ++i) this->value(value[i], *shape.element, join_path(path, i));
  }

  void map(const Json& value, const Shape& shape, const std::string& path) {
    if (!count(value, shape, path)) return;
    for (const auto& [name, element] : value.items()) {
      if (overfull()) return;
      const std::string below = join_path(path, name);
      if (has_control(name, false)) {
        add(below, "a name must not hold control characters", "invalid_value");
        continue;
      }
      if (const Fault fault = shape.check(name)) add(below, fault.message, fault.code);
      this->value(element, *shape.element, below);
    }
  }

  void object(const Json& value, const Shape& shape, const std::string& path) {
    for (const auto& [name, element] : value.items()) {
      if (overfull()) return;
      const auto key = std::ranges::find(shape.keys, std::string_view(name), &Key::name);
      if (key == shape.keys.end()) {
        unknown(name, shape, path);
      } else if (key->need == Need::kForeign) {
        add(join_path(path, name), std::string(key->about), "unknown_key");
      } else {
        this->value(element, *key->shape, join_path(path, name));
      }
    }
    for (const Key& key : shape.keys) {
      if (key.need == Need::kRequired && !value.contains(key.name))
        add(join_path(path, key.name), "is missing; expected " + expected_of(*key.shape), "missing");
    }
  }

  void unknown(const std::string& name, const Shape& shape, const std::string& path) {
    std::vector<std::string_view> known;
    for (const Key& key : shape.keys) {
      if (key.need != Need::kForeign) known.push_back(key.name);
    }
    const std::string_view meant = nearest_word(name, known);
    std::string message = "unknown key";
    if (!meant.empty()) {
      message += "; did you mean " + quoted(meant) + "?";
    } else if (known.size() <= 24) {
      message += "; known here: " + listed(known);
    }
    add(join_path(path, name), std::move(message), "unknown_key");
  }

  Mistakes& mistakes_;
};

}  // namespace

void check_shape(const Json& document, const Shape& shape, Mistakes& mistakes) {
  Walk(mistakes).value(document, shape, "");
}

std::string join_path(std::string_view path, std::string_view key) {
  constexpr size_t kShownBytes = 64;
  std::string out(path);
  if (!out.empty()) out += '.';
  for (const char c : key.substr(0, kShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  if (key.size() > kShownBytes) out += "...";
  return out;
}

std::string join_path(std::string_view path, size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

bool is_clean(const Mistakes& mistakes, std::string_view path) {
  return std::ranges::none_of(mistakes, [path](const Mistake& mistake) {
    const std::string_view at = mistake.path;
    return at.starts_with(path) &&
           (path.empty() || at.size() == path.size() || at[path.size()] == '.' || at[path.size()] == '[');
  });
}

const Json* member(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string_view> text_at(const Json& object, std::string_view key) {
  const Json* value = member(object, key);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_ref<const std::string&>());
}

std::optional<int64_t> integer_at(const Json& object, std::string_view key) {
  const Json* value = member(object, key);
  if (!value || !value->is_number_integer()) return std::nullopt;
  if (value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX) return std::nullopt;
  return value->get<int64_t>();
}

bool bool_at(const Json& object, std::string_view key, bool otherwise) {
  const Json* value = member(object, key);
  return value && value->is_boolean() ? value->get<bool>() : otherwise;
}

}  // namespace sallyport
