// The front door: everything is in cli/.
#include <iostream>

#include "cli/command_line.h"

int main(int argc, char** argv) {
  sallyport::cli::Terminal terminal{std::cin, std::cout, std::cerr};
  return sallyport::cli::run(argc, argv, terminal);
}
