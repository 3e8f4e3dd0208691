// Runs a fuzz target over the files and folders named on the command line, once each, without the fuzzer:
// what was found before stays found. Prints how many inputs it ran; a crash is the sanitizer's report and its
// exit code.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void run_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  // The name first: when the input crashes the target, the last line says which one it was.
  std::printf("%s\n", path.c_str());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int count, char** names) {
  size_t inputs = 0;
  for (int i = 1; i < count; ++i) {
    const std::filesystem::path path(names[i]);
    if (!std::filesystem::is_directory(path)) {
      run_file(path);
      ++inputs;
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (!entry.is_regular_file()) continue;
      run_file(entry.path());
      ++inputs;
    }
  }
  std::printf("replayed %zu inputs\n", inputs);
  return 0;
}
