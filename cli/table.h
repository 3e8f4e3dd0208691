// Columns for people to read. Control bytes of values are shown as \xNN, so that nothing stored can play with a
// terminal.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row);  // as many cells as the head has
  void print(std::ostream& out) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string printable(std::string_view text);

}  // namespace sallyport::cli
