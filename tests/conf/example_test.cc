// The example holds every key that the reader knows, and reads without a mistake.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "base/shape.h"
#include "conf/config_shapes.h"
#include "conf/node_config.h"
#include "conf/yaml_json.h"
#include "tests/conf/config_text.h"

namespace sallyport::conf {
namespace {

using nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

std::string example_path() {
  return (std::filesystem::path(TEST_DATA) / "../../conf/sallyport.example.yaml").lexically_normal().string();
}

TEST(Example, reads_without_mistakes_and_with_the_defaults) {
  const auto config = read_node_config(example_path());
  ASSERT_TRUE(config) << to_line(config.error().front());
  const auto defaults = parse_node_config(kSoundConfig, example_path());
  ASSERT_TRUE(defaults);
  EXPECT_EQ(config->limits.head_bytes, defaults->limits.head_bytes);
  EXPECT_EQ(config->limits.target_bytes, defaults->limits.target_bytes);
  EXPECT_EQ(config->limits.headers, defaults->limits.headers);
  EXPECT_EQ(config->limits.connections, defaults->limits.connections);
  EXPECT_EQ(config->limits.upstream_connections, defaults->limits.upstream_connections);
  EXPECT_EQ(config->limits.drop_underscores, defaults->limits.drop_underscores);
  EXPECT_EQ(config->limits.tls_handshake, defaults->limits.tls_handshake);
  EXPECT_EQ(config->limits.head, defaults->limits.head);
  EXPECT_EQ(config->limits.idle, defaults->limits.idle);
  EXPECT_EQ(config->limits.body, defaults->limits.body);
  EXPECT_EQ(config->limits.write, defaults->limits.write);
  EXPECT_EQ(config->limits.drain, defaults->limits.drain);
  EXPECT_EQ(config->audit.dir, defaults->audit.dir);
  EXPECT_EQ(config->audit.mode, defaults->audit.mode);
  EXPECT_EQ(config->audit.segment_bytes, defaults->audit.segment_bytes);
  EXPECT_EQ(config->log_level, defaults->log_level);
}

// Every key of the shape is in the document; lists count by their elements together.
void expect_all_keys(const Shape& shape, const std::vector<const json*>& documents, const std::string& path) {
  if (shape.type == Shape::Type::kObject) {
    for (const Key& key : shape.keys) {
      std::vector<const json*> values;
      for (const json* document : documents) {
        if (document->is_object() && document->contains(key.name))
          values.push_back(&(*document)[std::string(key.name)]);
      }
      EXPECT_FALSE(values.empty()) << path << "." << key.name;
      expect_all_keys(*key.shape, values, path + "." + std::string(key.name));
    }
  } else if (shape.type == Shape::Type::kList) {
    std::vector<const json*> values;
    for (const json* document : documents) {
      for (const json& element : *document) values.push_back(&element);
    }
    if (shape.element->type == Shape::Type::kObject) expect_all_keys(*shape.element, values, path + "[]");
  }
}

TEST(Example, has_every_key) {
  std::FILE* file = std::fopen(example_path().c_str(), "rb");
  ASSERT_NE(file, nullptr);
  std::string text(1 << 16, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  const auto documents = read_yaml(text, "example");
  ASSERT_TRUE(documents);
  expect_all_keys(configuration_shape(), {&documents->at(0).json()}, "");

  valijson::Schema schema;
  const json schema_document = configuration_schema();
  valijson::SchemaParser().populateSchema(Adapter(schema_document), schema);
  EXPECT_TRUE(valijson::Validator().validate(schema, Adapter(documents->at(0).json()), nullptr));
  json broken = documents->at(0).json();
  broken["limits"]["nonsense"] = 1;
  EXPECT_FALSE(valijson::Validator().validate(schema, Adapter(broken), nullptr));
  broken = documents->at(0).json();
  broken.erase("gate");
  EXPECT_FALSE(valijson::Validator().validate(schema, Adapter(broken), nullptr));
}

TEST(Example, the_schema_describes_every_key) {
  const json schema = configuration_schema();
  EXPECT_EQ(schema["title"], "configuration");
  for (const auto& [key, property] : schema["properties"].items()) EXPECT_TRUE(property.contains("description")) << key;
}

}  // namespace
}  // namespace sallyport::conf
