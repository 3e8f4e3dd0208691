// Somebody edits the store's file. Each row: what they do, and which records are refused from then on; all others stay.
#include "policy/snapshot.h"
#include "tests/storage/store_fixture.h"

namespace sallyport::storage {
namespace {

using nlohmann::json;

class TamperingTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    json erp = datasource("erp", "plant", "erp-secret");
    erp["secrets"]["extra"] = "erp-extra";
    ASSERT_EQ(apply({user("root", true), user("alice"), team("plant", {{"alice", "owner"}}),
                     datasource("crm", "plant", "crm-secret"), erp}),
              "+user root, +user alice, +team plant, +datasource crm, +datasource erp");
  }

  // Copies what is there now, to be put back later by restore().
  void remember() {
    tamper(path_,
           "CREATE TABLE old_resources AS SELECT * FROM resources; CREATE TABLE old_secrets AS SELECT * FROM secrets;"
           "CREATE TABLE old_epochs AS SELECT * FROM epochs;");
  }

  std::string damaged() {
    std::string out;
    for (const auto& [name, record] : records())
      if (record.damaged) out += (out.empty() ? "" : " ") + name;
    return out;
  }
};

#define CRM "(SELECT id FROM resources WHERE name = 'crm')"
#define ERP "(SELECT id FROM resources WHERE name = 'erp')"
#define ALICE "(SELECT id FROM resources WHERE name = 'alice')"

TEST_F(TamperingTest, every_edit_of_a_row_harms_that_record_alone) {
  struct Case {
    const char* what;
    const char* sql;
    const char* damaged;
  };
  const Case cases[] = {
      {"nothing", "SELECT 1", ""},
      {"a sealed value of another record",
       "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE resource = " ERP " AND field = 'secrets.token')"
       " WHERE resource = " CRM,
       "crm"},
      {"two records' values exchanged",
       "CREATE TEMP TABLE t AS SELECT * FROM secrets WHERE field = 'secrets.token';"
       "UPDATE secrets SET sealed = (SELECT sealed FROM t WHERE t.resource <> secrets.resource)"
       " WHERE field = 'secrets.token'",
       "crm erp"},
      {"two fields of a record exchanged",
       "UPDATE secrets SET field = CASE field WHEN 'secrets.token' THEN 'secrets.x' ELSE field END WHERE resource "
       "= " ERP ";UPDATE secrets SET field = 'secrets.token' WHERE field = 'secrets.extra';"
       "UPDATE secrets SET field = 'secrets.extra' WHERE field = 'secrets.x'",
       "erp"},
      {"a field renamed", "UPDATE secrets SET field = 'secrets.other' WHERE resource = " CRM, "crm"},
      {"a secret row of another record",
       "INSERT INTO secrets SELECT " CRM ", field, sealed FROM secrets WHERE field = 'secrets.extra'", "crm"},
      {"a secret row moved away", "UPDATE secrets SET resource = " CRM " WHERE field = 'secrets.extra'", "crm erp"},
      {"a secret row removed", "DELETE FROM secrets WHERE field = 'secrets.extra'", "erp"},
      {"a value truncated", "UPDATE secrets SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE resource = " CRM,
       "crm"},
      {"a value emptied", "UPDATE secrets SET sealed = x'' WHERE resource = " CRM, "crm"},
      {"a value extended", "UPDATE secrets SET sealed = CAST(sealed || x'00' AS BLOB) WHERE resource = " CRM, "crm"},
      {"a bit flipped",
       "UPDATE secrets SET sealed = CAST(substr(sealed, 1, 20) || CASE substr(sealed, 21, 1) WHEN x'ff' THEN x'fe'"
       " ELSE x'ff' END || substr(sealed, 22) AS BLOB) WHERE resource = " CRM,
       "crm"},
      {"the password hash of another user",
       "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE field = 'password' AND resource <> " ALICE ")"
       " WHERE resource = " ALICE,
       "alice"},
      {"a user made an admin", "UPDATE resources SET spec = replace(spec, '\"admin\":false', '\"admin\":true')",
       "alice"},
      {"a suspended user resumed",
       "UPDATE resources SET spec = json_set(spec, '$.suspended', json('true')) WHERE name = 'alice'", "alice"},
      {"a changed destination",
       "UPDATE resources SET spec = json_set(spec, '$.upstream.url', 'https://evil.example:443/') WHERE name = 'crm'",
       "crm"},
      {"verification weakened", "UPDATE resources SET spec = json_set(spec, '$.upstream.ca', 'x') WHERE name = 'crm'",
       "crm"},
      {"another injection",
       "UPDATE resources SET spec = json_set(spec, '$.inject.headers.\"X-Echo\"', '{{ secrets.token }}') WHERE name = "
       "'crm'",
       "crm"},
      {"a member added", "UPDATE resources SET spec = json_set(spec, '$.members.root', 'owner') WHERE name = 'plant'",
       "plant"},
      {"a spec that is no JSON", "UPDATE resources SET spec = 'x' WHERE name = 'crm'", "crm"},
      {"the applied flag flipped", "UPDATE resources SET applied = 1 - applied WHERE name = 'crm'", "crm"},
      {"renamed", "UPDATE resources SET name = 'zzz' WHERE name = 'crm'", "zzz"},
      {"another kind", "UPDATE resources SET kind = 'instance' WHERE name = 'crm'", "crm"},
      {"another id", "UPDATE resources SET id = zeroblob(16) WHERE name = 'crm'", "crm"},
      {"the MAC of another row",
       "UPDATE resources SET mac = (SELECT mac FROM resources WHERE name = 'erp') WHERE name = 'crm'", "crm"},
      {"the MAC removed", "UPDATE resources SET mac = x'' WHERE name = 'crm'", "crm"},
      {"an epoch raised", "UPDATE epochs SET epoch = epoch + 1 WHERE record = " CRM " AND field = 'secrets.token'",
       "crm"},
      {"the row's epoch raised", "UPDATE epochs SET epoch = epoch + 1 WHERE record = " CRM " AND field = ''", "crm"},
      {"an epoch as high as it goes", "UPDATE epochs SET epoch = 9223372036854775807 WHERE record = " CRM, "crm"},
      {"a negative epoch", "UPDATE epochs SET epoch = -1 WHERE record = " CRM, "crm"},
      {"an epoch removed", "DELETE FROM epochs WHERE record = " CRM " AND field = 'secrets.token'", "crm"},
      {"the row's epoch removed", "DELETE FROM epochs WHERE record = " CRM " AND field = ''", "crm"},
      {"an epoch's MAC changed",
       "UPDATE epochs SET mac = zeroblob(32) WHERE record = " CRM " AND field = 'secrets.token'", "crm"},
      {"the epoch of another record",
       "UPDATE epochs SET mac = (SELECT mac FROM epochs WHERE record = " ERP " AND field = '') WHERE record = " CRM
       " AND field = ''",
       "crm"},
      {"an epoch slipped in", "INSERT INTO epochs VALUES (" CRM ", 'secrets.more', 1, zeroblob(32))", "crm"},
  };
  for (const Case& one : cases) {
    const std::string copy = folder_ / "copy.db";
    std::filesystem::remove(copy);
    tamper(path_, "VACUUM INTO '" + copy + "'");
    tamper(copy, one.sql);
    const auto store = open_sqlite(copy, SqliteOpen::kCommand).value();
    std::string out;
    for (const auto& record : judged(store->resources_since(Generation{0}).value().changed, *keyring_))
      if (record.damaged) out += (out.empty() ? "" : " ") + record.name;
    EXPECT_EQ(out, one.damaged) << one.what;
  }
}

TEST_F(TamperingTest, a_value_does_not_open_under_what_was_edited) {
  // Even if nobody asked the row's MAC: the value itself is bound.
  EXPECT_EQ(secret_of("crm", "secrets.token", kDestination), "crm-secret");
  EXPECT_EQ(secret_of("crm", "secrets.token", "https://evil.example:443"), "error: sealed value does not open");
  tamper(path_, "UPDATE epochs SET epoch = epoch + 1 WHERE record = " CRM);
  EXPECT_EQ(secret_of("crm", "secrets.token", kDestination), "error: sealed value does not open");
}

TEST_F(TamperingTest, an_older_value_that_is_put_back_does_not_fit) {
  remember();
  ASSERT_EQ(apply({datasource("crm", "plant", "new")}), "~datasource crm");
  ASSERT_EQ(damaged(), "");
  tamper(path_,
         "UPDATE secrets SET sealed = (SELECT o.sealed FROM old_secrets o WHERE o.resource = secrets.resource AND"
         " o.field = secrets.field) WHERE resource = " CRM);
  EXPECT_EQ(damaged(), "crm");
}

TEST_F(TamperingTest, an_older_row_that_is_put_back_whole_does_not_fit) {
  remember();
  json changed = datasource("crm", "plant", "");
  changed["guard"] = "block";
  ASSERT_EQ(apply({changed}), "~datasource crm");
  tamper(
      path_,
      "DELETE FROM resources WHERE name = 'crm'; INSERT INTO resources SELECT * FROM old_resources WHERE name = 'crm';"
      "DELETE FROM secrets WHERE resource = " CRM
      ";"
      "INSERT INTO secrets SELECT * FROM old_secrets WHERE resource = " CRM);
  EXPECT_EQ(damaged(), "crm");
}

TEST_F(TamperingTest, an_older_row_of_a_value_that_is_gone_does_not_fit) {
  remember();
  json changed = datasource("erp", "plant", "");
  changed["secrets"] = {{"extra", nullptr}};
  ASSERT_EQ(apply({changed}), "~datasource erp");
  tamper(path_, "INSERT INTO secrets SELECT * FROM old_secrets WHERE field = 'secrets.extra'");
  EXPECT_EQ(damaged(), "erp");
}

TEST_F(TamperingTest, a_deleted_row_that_is_put_back_does_not_fit) {
  remember();
  ASSERT_TRUE(service_->remove(policy::Kind::kDatasource, "crm", "cli:0"));
  tamper(path_,
         "INSERT INTO resources SELECT * FROM old_resources WHERE name = 'crm';"
         "INSERT INTO secrets SELECT * FROM old_secrets WHERE resource = " CRM);
  EXPECT_EQ(damaged(), "crm");
}

TEST_F(TamperingTest, a_deleted_row_does_not_fit_in_place_of_the_one_made_after_it) {
  remember();
  ASSERT_TRUE(service_->remove(policy::Kind::kDatasource, "crm", "cli:0"));
  ASSERT_EQ(apply({datasource("crm", "plant", "again")}), "+datasource crm");
  tamper(
      path_,
      "DELETE FROM resources WHERE name = 'crm'; INSERT INTO resources SELECT * FROM old_resources WHERE name = 'crm';"
      "INSERT OR REPLACE INTO secrets SELECT * FROM old_secrets WHERE resource = " CRM);
  EXPECT_EQ(damaged(), "crm");
}

TEST_F(TamperingTest, a_damaged_record_is_shown_by_name_alone_and_never_blessed) {
  tamper(path_,
         "UPDATE resources SET spec = json_set(spec, '$.upstream.url', 'https://evil.example/') WHERE name = 'crm'");
  const auto shown = service_->get(policy::Kind::kDatasource, "crm").value().at(0);
  EXPECT_EQ(shown.dump(), R"({"kind":"datasource","name":"crm","damaged":true})");
  EXPECT_NE(apply({json::parse(shown.dump())}).find("damaged"), std::string::npos);
  EXPECT_EQ(damaged(), "crm");
}

TEST_F(TamperingTest, a_damaged_record_is_mended_by_applying_it_with_its_secrets) {
  tamper(path_,
         "UPDATE resources SET spec = json_set(spec, '$.upstream.url', 'https://evil.example/') WHERE name = 'crm'");
  EXPECT_EQ(apply({datasource("crm", "plant", "")}), "[0].secrets.token: has no value, and an injection uses it\n");
  EXPECT_EQ(apply({datasource("crm", "plant", "fresh")}), "~datasource crm");
  EXPECT_EQ(damaged(), "");
  EXPECT_EQ(secret_of("crm", "secrets.token", kDestination), "fresh");
}

TEST_F(TamperingTest, a_damaged_record_whose_epochs_are_spoilt_is_mended_too) {
  tamper(path_, "UPDATE epochs SET epoch = 9223372036854775807 WHERE record = " CRM);
  EXPECT_EQ(apply({datasource("crm", "plant", "fresh")}), "~datasource crm");
  EXPECT_EQ(damaged(), "");
}

TEST_F(TamperingTest, a_damaged_record_that_was_mended_does_not_come_back) {
  remember();
  tamper(path_, "UPDATE resources SET spec = '{}' WHERE name = 'crm'");
  ASSERT_EQ(apply({datasource("crm", "plant", "fresh")}), "~datasource crm");
  tamper(
      path_,
      "DELETE FROM resources WHERE name = 'crm'; INSERT INTO resources SELECT * FROM old_resources WHERE name = 'crm';"
      "INSERT OR REPLACE INTO secrets SELECT * FROM old_secrets WHERE resource = " CRM);
  EXPECT_EQ(damaged(), "crm");
}

TEST_F(TamperingTest, a_damaged_record_can_be_deleted) {
  tamper(path_, "UPDATE epochs SET epoch = 9223372036854775807, mac = x'00' WHERE record = " CRM);
  EXPECT_TRUE(service_->remove(policy::Kind::kDatasource, "crm", "cli:0"));
  EXPECT_FALSE(records().contains("crm"));
}

TEST_F(TamperingTest, a_damaged_user_keeps_neither_password_nor_rights) {
  tamper(path_, "UPDATE resources SET spec = replace(spec, '\"admin\":false', '\"admin\":true') WHERE name = 'alice'");
  const auto refused = service_->set_password("alice", secret("another password"), ChangeAtOnce::kNo, "cli:0");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error->code, Code::kDenied);
  json again = user("alice");
  again.erase("password");
  ASSERT_EQ(apply({again}), "~user alice");
  EXPECT_EQ(damaged(), "");
  EXPECT_EQ(secret_of("alice", "password", ""), "(none)");
}

TEST_F(TamperingTest, rows_that_nobody_can_name_are_passed_over) {
  tamper(
      path_,
      "UPDATE resources SET id = x'00' WHERE name = 'crm'; UPDATE resources SET kind = 'nonsense' WHERE name = 'erp'");
  EXPECT_EQ(damaged(), "");
  EXPECT_FALSE(records().contains("crm"));
  EXPECT_TRUE(records().contains("plant"));
}

}  // namespace
}  // namespace sallyport::storage
