// The resource service over a store with a few people, a team and a datasource.
#pragma once

#include "tests/storage/store_fixture.h"

namespace sallyport::storage {

using nlohmann::json;

class ResourceServiceWorld : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_EQ(
        apply({user("root", true), user("alice"), team("plant", {{"alice", "owner"}}), datasource("crm", "plant")}),
        "+user root, +user alice, +team plant, +datasource crm");
  }

  // What `get` shows of everything, as the documents that `apply` takes.
  std::vector<json> shown() {
    std::vector<json> out;
    for (const auto& document : service_->get(std::nullopt, "").value()) out.push_back(json::parse(document.dump()));
    return out;
  }
  std::string remove(policy::Kind kind, const std::string& name) {
    return words(service_->remove(kind, name, "cli:0"));
  }
  size_t events() { return store_->admin_events(0, 1000).value().size(); }
  AdminEvent last_event() { return store_->admin_events(0, 1000).value().back().event; }
};

}  // namespace sallyport::storage
