// Which entries of the audit log a filter lets through.
#include "cli/audit_list.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/when.h"

namespace sallyport::cli {
namespace {

using nlohmann::ordered_json;

const ordered_json kAccess{
    {"time", "2026-01-31T12:00:00.000000Z"}, {"kind", "access"}, {"user", "ann"}, {"resource", "crm"}};

ordered_json admin(const std::string& actor, const std::string& object) {
  storage::ChainedAdminEvent event;
  event.seq = 3;
  event.event = {.at = *parse_time("2026-01-31T12:00:00Z"),
                 .action = "resource.put",
                 .actor = actor,
                 .object = object,
                 .client = "",
                 .detail = ""};
  return admin_entry(event);
}

AuditFilter by_user(const char* name) { return {.since = std::nullopt, .resource = "", .user = name}; }
AuditFilter by_resource(const char* name) { return {.since = std::nullopt, .resource = name, .user = ""}; }

TEST(audit_filter, without_a_word_lets_everything_through) {
  EXPECT_TRUE(fits({}, kAccess));
  EXPECT_TRUE(fits({}, admin("cli:0", "datasource crm")));
}

TEST(audit_filter, by_user_means_who_did_it_and_whom_it_was_done_to) {
  EXPECT_TRUE(fits(by_user("ann"), kAccess));
  EXPECT_TRUE(fits(by_user("ann"), admin("ann", "team plant")));
  EXPECT_TRUE(fits(by_user("ann"), admin("cli:0", "user ann")));
  EXPECT_TRUE(fits(by_user("ann"), admin("cli:0", "token xyz of user ann")));
  for (const ordered_json& other :
       {admin("cli:0", "user anne"), admin("annex", "team ann"), admin("cli:0", "superuser ann")})
    EXPECT_FALSE(fits(by_user("ann"), other)) << other;
  EXPECT_FALSE(fits(by_user("an"), kAccess));
}

TEST(audit_filter, by_resource_means_requests_to_it_and_changes_of_it) {
  EXPECT_TRUE(fits(by_resource("crm"), kAccess));
  EXPECT_TRUE(fits(by_resource("crm"), admin("cli:0", "datasource crm")));
  EXPECT_TRUE(fits(by_resource("crm"), admin("cli:0", "instance crm")));
  for (const ordered_json& other :
       {admin("cli:0", "team crm"), admin("crm", "datasource erp"), admin("cli:0", "datasource crm2")})
    EXPECT_FALSE(fits(by_resource("crm"), other)) << other;
}

TEST(audit_filter, since_takes_its_own_moment) {
  AuditFilter filter;
  filter.since = *parse_time("2026-01-31T12:00:00Z");
  EXPECT_TRUE(fits(filter, kAccess));
  filter.since = *parse_time("2026-01-31T12:00:00.000001Z");
  EXPECT_FALSE(fits(filter, kAccess));
}

}  // namespace
}  // namespace sallyport::cli
