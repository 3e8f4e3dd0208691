#include "sso/browser_name.h"

#include <algorithm>

namespace sallyport::sso {
namespace {

constexpr size_t kNameBytesMax = 40;

struct Mark {
  std::string_view in_text;
  std::string_view name;
};

// The first that is found counts: most browsers also call themselves Chrome, and Chrome calls itself Safari.
constexpr Mark kBrowsers[] = {
    {"Edg/", "Edge"},      {"EdgA/", "Edge"},         {"EdgiOS/", "Edge"},
    {"OPR/", "Opera"},     {"Vivaldi/", "Vivaldi"},   {"SamsungBrowser/", "Samsung Internet"},
    {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},   {"CriOS/", "Chrome"},
    {"Chrome/", "Chrome"}, {"Chromium/", "Chromium"}, {"HeadlessChrome/", "Chrome"},
    {"Safari/", "Safari"},
};
constexpr Mark kSystems[] = {
    {"Windows NT", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"},
    {"CrOS", "ChromeOS"},      {"Macintosh", "Mac"},   {"Linux", "Linux"},
};

std::string_view find(std::string_view text, const auto& marks) {
  for (const Mark& mark : marks)
    if (text.contains(mark.in_text)) return mark.name;
  return {};
}

// "curl/8.1" -> "curl"
std::string_view product(std::string_view text) {
  return text.substr(0, std::min(text.find_first_of("/ ("), kNameBytesMax));
}

}  // namespace

std::string browser_name(std::string_view user_agent) {
  std::string_view name = find(user_agent, kBrowsers);
  if (name.empty()) name = product(user_agent);
  if (name.empty()) return "an unnamed program";
  if (name == "Mozilla") name = "a browser";
  std::string out(name);
  if (const std::string_view system = find(user_agent, kSystems); !system.empty()) out.append(" on ").append(system);
  return out;
}

}  // namespace sallyport::sso
