// The pages on which admins see how signing in at identity providers goes, and the one on which a person reads that it
// did not. Plain values in, HTML out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/snapshot.h"
#include "sso/sign_in_report.h"

namespace sallyport::sso {

constexpr std::string_view kProvidersPath = "/.sallyport/providers";
constexpr size_t kAttemptsInList = 3;  // of each provider
constexpr std::chrono::days kCertificateWarning{30};

struct ProviderCertificate {
  std::string use;  // "signs what the provider says"
  WallMicros not_after{};
};
// What is known of a provider now.
struct ProviderState {
  bool fine = true;
  std::string words = {};  // "metadata of 31 January 2026, 12:00 UTC", "its metadata cannot be fetched"; "": nothing is
  std::vector<ProviderCertificate> certificates = {};
};

struct ProviderShown {
  std::string name = {};
  std::string label = {};  // "": as the name
  policy::ProviderType type = policy::ProviderType::kSaml;
  std::vector<std::string> domains = {};
  bool required = false;
  bool provision = false;
  bool damaged = false;
  ProviderState state = {};
  std::vector<storage::SignInAttempt> attempts = {};  // the newest first
};
ProviderShown shown(const policy::CompiledProvider& provider);

struct ProvidersPage {
  std::string sign_out_csrf;
  std::vector<ProviderShown> providers;
  WallMicros now{};
};
std::string providers_page(const ProvidersPage& page);

struct ProviderPage {
  std::string sign_out_csrf;
  ProviderShown provider;
  WallMicros now{};
};
std::string provider_page(const ProviderPage& page);

// title and message: literals; reference: of the flight recorder. again: where it can be tried again, built by us.
std::string refused_sign_in_page(std::string_view title, std::string_view message, std::string_view reference,
                                 std::string_view again);

}  // namespace sallyport::sso
