#include "conf/yaml_json.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/shape.h"
#include "conf/yaml_scalar.h"

namespace sallyport::conf {
namespace {

using Json = nlohmann::json;

constexpr size_t kDepthMax = 64;
constexpr size_t kNodesMax = 8'000'000;  // of one document: some hundred bytes each

// yaml-cpp's words without what it quotes from the document (an alias could be a secret that someone forgot to quote).
std::string syntax_message(const std::string& words) {
  return "is no YAML: " + words.substr(0, words.find_first_of(":'\""));
}

// Builds the JSON of one document from the parser's events. What is refused is left out, and the rest goes on.
class Builder final : public YAML::EventHandler {
 public:
  Builder(Json& root, Lines& lines, const std::string& file, Mistakes& mistakes)
      : root_(root), lines_(lines), file_(file), mistakes_(mistakes) {}

  int first_line() const { return first_line_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { scalar(mark, "?", anchor, ""); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    if (skipped_ > 0) return;
    mistake(mark, "aliases are not taken; write the value again", "alias");
    if (!is_key()) return place(mark, nullptr, false);
    frames_.back().wants_key = false;
    frames_.back().drops_next = true;
    frames_.back().key.clear();
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    scalar(mark, tag, anchor, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Json::array());
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Json::object());
  }
  void OnMapEnd() override { end(); }

 private:
  struct Frame {
    Json* node;
    std::string path;
    bool wants_key;   // maps: a key is next
    bool drops_next;  // maps: the key was refused, and its value goes nowhere
    std::string key;
  };

  static int line_of(const YAML::Mark& mark) { return mark.line + 1; }

  void mistake(const YAML::Mark& mark, std::string message, std::string code) {
    if (mistakes_.size() < kMistakesMax)
      mistakes_.push_back({here(), std::move(message), std::move(code), file_, line_of(mark)});
  }

  // The path of the value that comes next.
  std::string here() const {
    if (frames_.empty()) return "";
    const Frame& top = frames_.back();
    if (top.node->is_array()) return join_path(top.path, top.node->size());
    return top.wants_key ? top.path : join_path(top.path, top.key);
  }

  void check_marks(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) mistake(mark, "anchors are not taken", "anchor");
    if (!tag.empty() && tag != "?" && tag != "!") mistake(mark, "tags are not taken", "tag");
  }

  bool is_key() const { return !frames_.empty() && frames_.back().node->is_object() && frames_.back().wants_key; }

  void scalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) {
    if (skipped_ > 0) return;
    const bool quoted = tag == "!";
    check_marks(mark, tag, anchor);
    const ScalarKind kind = quoted ? ScalarKind::kText : scalar_kind(value);
    if (is_key()) return key(mark, kind, value);
    if (kind == ScalarKind::kTooLarge) {
      mistake(mark, "is a number that is too large; put text in quotes", "out_of_range");
      return place(mark, nullptr, false);
    }
    place(mark, quoted ? Json(value) : scalar_value(value), false);
  }

  void key(const YAML::Mark& mark, ScalarKind kind, const std::string& value) {
    Frame& top = frames_.back();
    top.wants_key = false;
    top.drops_next = true;
    if (kind != ScalarKind::kText) {
      top.key = value;
      return mistake(mark, "a key must be text; put it in quotes", "wrong_type");
    }
    top.key = value;
    if (top.node->contains(value)) {
      const auto first = lines_.find(join_path(top.path, value));
      const std::string where = first == lines_.end() ? "" : "; the first is on line " + std::to_string(first->second);
      return mistake(mark, "stands twice" + where, "duplicate_key");
    }
    lines_.emplace(join_path(top.path, value), line_of(mark));
    top.drops_next = false;
  }

  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Json empty) {
    if (skipped_ > 0) {
      ++skipped_;
      return;
    }
    check_marks(mark, tag, anchor);
    if (is_key()) {
      mistake(mark, "a key must be text", "wrong_type");
      frames_.back().wants_key = false;
      frames_.back().drops_next = true;
      frames_.back().key.clear();
      skipped_ = 1;
      return;
    }
    if (frames_.size() >= kDepthMax) {
      mistake(mark, "is nested too deeply", "limit");
      place(mark, nullptr, false);
      skipped_ = 1;
      return;
    }
    place(mark, std::move(empty), true);
  }

  void end() {
    if (skipped_ > 0) {
      --skipped_;
      return;
    }
    frames_.pop_back();
  }

  // Puts a value where it belongs, and goes into it when it is a collection.
  void place(const YAML::Mark& mark, Json value, bool enter) {
    if (++nodes_ == kNodesMax) mistake(mark, "holds too many values", "limit");
    if (nodes_ >= kNodesMax) {
      if (enter) skipped_ = 1;
      if (!frames_.empty() && frames_.back().node->is_object()) frames_.back().wants_key = true;
      return;
    }
    std::string path = here();
    if (frames_.empty()) {
      first_line_ = line_of(mark);
      lines_.emplace("", first_line_);
      root_ = std::move(value);
      if (enter) frames_.push_back({&root_, "", root_.is_object(), false, ""});
      return;
    }
    Frame& top = frames_.back();
    Json* placed = nullptr;
    if (top.node->is_array()) {
      lines_.emplace(path, line_of(mark));
      top.node->push_back(std::move(value));
      placed = &top.node->back();
    } else {
      top.wants_key = true;
      if (std::exchange(top.drops_next, false)) {
        if (enter) skipped_ = 1;
        return;
      }
      placed = &((*top.node)[top.key] = std::move(value));
    }
    if (enter) frames_.push_back({placed, std::move(path), placed->is_object(), false, ""});
  }

  Json& root_;
  Lines& lines_;
  const std::string& file_;
  Mistakes& mistakes_;
  std::vector<Frame> frames_;
  size_t nodes_ = 0;
  size_t skipped_ = 0;  // collections that are open and go nowhere
  int first_line_ = 1;
};

}  // namespace

struct YamlDocument::Value {
  Json json;
};

YamlDocument::YamlDocument() : value_(std::make_unique<Value>()) {}
YamlDocument::~YamlDocument() = default;
YamlDocument::YamlDocument(YamlDocument&&) noexcept = default;
YamlDocument& YamlDocument::operator=(YamlDocument&&) noexcept = default;
Json& YamlDocument::json() { return value_->json; }
const Json& YamlDocument::json() const { return value_->json; }

std::expected<std::vector<YamlDocument>, Mistakes> read_yaml(std::string_view text, const std::string& file) {
  if (text.size() > kYamlBytesMax) return std::unexpected(Mistakes{{"", "is larger than 64 MiB", "limit", file, 0}});
  if (const auto bad = find_bad_byte(text))
    return std::unexpected(Mistakes{{"", bad->what, "malformed", file, bad->line}});
  std::vector<YamlDocument> documents;
  Mistakes mistakes;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (true) {
      YamlDocument document;
      Builder builder(document.json(), document.lines, file, mistakes);
      if (!parser.HandleNextDocument(builder)) break;
      document.first_line = builder.first_line();
      if (!document.json().is_null()) documents.push_back(std::move(document));
    }
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 0 : error.mark.line + 1;
    mistakes.push_back({"", syntax_message(error.msg), "malformed", file, line});
  } catch (const std::exception&) {
    mistakes.push_back({"", "is no YAML", "malformed", file, 0});
  }
  if (!mistakes.empty()) return std::unexpected(std::move(mistakes));
  return documents;
}

void locate_mistakes(Mistakes& mistakes, const YamlDocument& document, const std::string& file) {
  for (Mistake& mistake : mistakes) {
    mistake.file = file;
    std::string path = mistake.path;
    auto found = document.lines.find(path);
    while (found == document.lines.end() && !path.empty()) {
      // What is missing is shown where it is missed: at the key above. A name may hold dots itself, so each is tried.
      const size_t cut = path.find_last_of(".[");
      path.resize(cut == path.npos ? 0 : cut);
      found = document.lines.find(path);
    }
    mistake.line = found == document.lines.end() || path.empty() ? document.first_line : found->second;
  }
}

}  // namespace sallyport::conf
