// The single values of an identity provider, each as the check of a shape.
#pragma once

#include "base/shape.h"

namespace sallyport::policy {

Fault check_domain(std::string_view text);
Fault check_clock_skew(std::string_view text);
Fault check_attribute(std::string_view text);  // printable, without blanks at its ends
Fault check_group_pattern_text(std::string_view text);
Fault check_group_expression_text(std::string_view text);
Fault check_group_team_text(std::string_view text);
Fault check_metadata(std::string_view text);  // a document, or a URL; a file's name was replaced by who read it
Fault check_issuer(std::string_view text);
Fault check_scope(std::string_view text);
Fault check_ldap_url(std::string_view text);
Fault check_user_filter(std::string_view text);
Fault check_group_filter(std::string_view text);

// An https URL, or an http one to this machine itself (a loopback address or localhost).
bool is_provider_url(std::string_view text);
bool is_metadata_document(std::string_view text);

}  // namespace sallyport::policy
