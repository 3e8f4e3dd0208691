// The schema is made of the reader's tables: what the reader takes validates against it, and what shapes refuse does
// not.
#include <gtest/gtest.h>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "tests/policy/documents.h"

namespace sallyport::policy {
namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;

bool is_valid(const nlohmann::json& schema_document, const nlohmann::json& document) {
  valijson::Schema schema;
  valijson::SchemaParser().populateSchema(Adapter(schema_document), schema);
  return valijson::Validator().validate(schema, Adapter(document), nullptr);
}

TEST(ResourceSchema, takes_what_the_reader_takes) {
  for (const Kind kind : {Kind::kPlatform, Kind::kTeam, Kind::kUser, Kind::kDatasource, Kind::kInstance}) {
    const nlohmann::json schema = resource_schema(kind);
    EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    EXPECT_TRUE(is_valid(schema, document_of(to_string(kind)))) << to_string(kind);
  }
  EXPECT_TRUE(is_valid(resource_schema(Kind::kDatasource), patched(datasource_document(), R"({
      "upstream": {"timeout": {"connect": "5s"}, "http2": true}, "auth": {"type": "api_key", "header": "X"},
      "access": [{"roles": [], "mfa": {"within": "15m"}}, {"roles": ["viewer"], "mfa": "required"}]})")));
  EXPECT_TRUE(is_valid(resource_schema(Kind::kInstance), patched(instance_document(), R"({
      "type": "node-red", "node_root": "/api", "admin_root": "/", "dashboards": ["/ui"],
      "inject": {"first_message": "{\"auth\":\"{{ secrets.full }}\"}"}})")));
  nlohmann::json nulls = datasource_document();
  nulls["upstream"]["host"] = nullptr;
  nulls["secrets"]["token"] = nullptr;
  EXPECT_TRUE(is_valid(resource_schema(Kind::kDatasource), nulls));
}

TEST(ResourceSchema, refuses_what_the_tables_refuse) {
  for (const char* patch :
       {R"({"at": null})", R"({"team": 5})", R"({"nonsense": 1})", R"({"type": "postgres"})", R"({"guard": "off"})",
        R"({"upstream": {"http2": "yes"}})", R"({"upstream": {"url": null}})", R"({"access": [{}]})",
        R"({"access": [{"roles": ["none"]}]})", R"({"access": [{"roles": ["owner"], "methods": []}]})",
        R"({"access": [{"roles": ["owner"], "methods": ["get"]}]})", R"({"areas": []})", R"({"name": "CRM"})",
        R"({"secrets": {"token": 5}})", R"({"upstream": {"timeout": {"connect": "5 s"}}})"}) {
    const nlohmann::json document = patched(datasource_document(), patch);
    EXPECT_FALSE(is_valid(resource_schema(Kind::kDatasource), document)) << patch;
    EXPECT_NE(mistakes_of(document), "") << patch;
  }
}

// Every key says what it is for.
void expect_described(const nlohmann::json& schema, const std::string& path) {
  if (!schema.is_object()) return;
  const auto properties = schema.find("properties");
  if (properties != schema.end()) {
    for (const auto& [key, property] : properties->items()) {
      EXPECT_TRUE(property.contains("description")) << path << "." << key;
      expect_described(property, path + "." + key);
    }
  }
  if (schema.contains("items")) expect_described(schema["items"], path + "[]");
}

TEST(ResourceSchema, describes_every_key) {
  for (const Kind kind : {Kind::kPlatform, Kind::kTeam, Kind::kUser, Kind::kDatasource, Kind::kInstance})
    expect_described(resource_schema(kind), std::string(to_string(kind)));
}

}  // namespace
}  // namespace sallyport::policy
