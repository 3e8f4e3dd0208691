// The bytes, held to storage/AUDIT_FORMAT.md: tests/data/audit_v1 was made from that page alone, by another program,
// and must be readable for ever.
#include "storage/audit_format.h"

#include "storage/audit_anchor.h"
#include "tests/storage/audit_world.h"

namespace sallyport::storage {
namespace {

using audit::Checkpoint;

TEST(audit_format, reads_a_segment_made_from_the_description) {
  std::vector<nlohmann::json> entries;
  const auto done = read_audit(TEST_DATA "/audit_v1", 1, [&](const AuditEntry& entry) {
    entries.push_back(nlohmann::json::parse(entry.json));
    return true;
  });
  ASSERT_TRUE(done.has_value()) << done.error().what;
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0]["kind"], "access");
  EXPECT_EQ(entries[0]["client"], "192.0.2.7");
  EXPECT_EQ(entries[0]["user"], "alice");
  EXPECT_EQ(entries[0]["user_id"], "");
  EXPECT_EQ(entries[0]["node"], "node-1");
  EXPECT_EQ(entries[0]["latency_us"], 1234);
  EXPECT_EQ(entries[1]["kind"], "access.begin");
  EXPECT_EQ(entries[1]["path"], "/%2e\x1b[2J");
  EXPECT_EQ(entries[1]["cut"], nlohmann::json({"path"}));
  EXPECT_EQ(entries[1]["request_id"], std::string("\xef\xbf\xbd\0\"\\", 6)) << "bytes that are no text are replaced";
  EXPECT_EQ(entries[2]["kind"], "alert");
  const VerifyOutcome outcome = verify_audit(TEST_DATA "/audit_v1", {}, "");
  EXPECT_FALSE(outcome.broken_seq) << outcome.reason;
  EXPECT_EQ(outcome.entries, 3u);
}

TEST(audit_format, a_header_comes_back_as_it_was) {
  audit::SegmentHeader header{
      7, 65536, 1234, WallMicros{5}, RecordId::random(), RecordId::random(), {}, std::string(100, 'n')};
  header.previous.fill(std::byte{3});
  const auto back = audit::decode_header(audit::encode_header(header));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->number, 7u);
  EXPECT_EQ(back->segment_bytes, 65536u);
  EXPECT_EQ(back->first_seq, 1234u);
  EXPECT_EQ(back->created_at, WallMicros{5});
  EXPECT_EQ(back->installation, header.installation);
  EXPECT_EQ(back->chain, header.chain);
  EXPECT_EQ(back->previous, header.previous);
  EXPECT_EQ(back->node, std::string(63, 'n'));
}

TEST(audit_format, no_prefix_and_no_extension_of_a_body_is_a_body) {
  audit::EntryBuffer entry;
  AccessEvent event;
  event.path = "/p";
  audit::encode_access(event, entry);
  const Bytes body(entry.view().begin() + audit::kLengthBytes, entry.view().end());
  EXPECT_TRUE(audit::decode_access(body).has_value());
  for (size_t size = 0; size < body.size(); ++size)
    EXPECT_FALSE(audit::decode_access(ByteView(body).first(size)).has_value()) << size;
  Bytes longer = body;
  longer.push_back({});
  EXPECT_FALSE(audit::decode_access(longer).has_value());

  audit::encode_checkpoint(Checkpoint{}, entry);
  const Bytes checkpoint(entry.view().begin() + audit::kLengthBytes, entry.view().end());
  EXPECT_TRUE(audit::decode_checkpoint(checkpoint).has_value());
  for (size_t size = 0; size < checkpoint.size(); ++size)
    EXPECT_FALSE(audit::decode_checkpoint(ByteView(checkpoint).first(size)).has_value()) << size;
}

TEST(audit_format, a_signature_holds_for_its_state_and_key_alone) {
  const auto signer = audit::Signer::open(seed_of('k'));
  const audit::Verifier verifier({public_key_of('k')});
  audit::SignedState state{RecordId::random(), RecordId::random(), 3, {}};
  state.checkpoint.seq = 9;
  state.checkpoint.key_id = signer->key_id();
  state.checkpoint.signature = signer->sign(state);
  EXPECT_TRUE(verifier.fits(state));
  const std::vector<std::function<void(audit::SignedState&)>> changes = {
      [](auto& s) { s.installation = RecordId::random(); },
      [](auto& s) { s.chain = RecordId::random(); },
      [](auto& s) { ++s.segment; },
      [](auto& s) { ++s.checkpoint.seq; },
      [](auto& s) { s.checkpoint.cause = audit::CheckpointCause::kClose; },
      [](auto& s) { s.checkpoint.at = WallMicros{1}; },
      [](auto& s) { s.checkpoint.hash[0] ^= std::byte{1}; },
      [](auto& s) { s.checkpoint.signature[63] ^= std::byte{1}; },
      [](auto& s) { s.checkpoint.key_id[0] ^= std::byte{1}; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    audit::SignedState changed = state;
    changes[i](changed);
    EXPECT_FALSE(verifier.fits(changed)) << i;
  }
}

TEST(audit_format, an_anchor_line_comes_back_as_it_was_and_anything_else_is_none) {
  audit::AnchorLine line;
  line.node = "a node\nwith \x01 spaces";
  line.state.segment = 2;
  line.state.checkpoint.seq = 77;
  line.state.checkpoint.at = WallMicros{-5};
  std::string text = audit::format_anchor_line(line);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  text.pop_back();
  const auto back = audit::parse_anchor_line(text);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->node, "a_node_with___spaces");
  EXPECT_EQ(back->state.checkpoint.seq, 77u);
  EXPECT_EQ(back->state.checkpoint.at, WallMicros{-5});
  for (size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(audit::parse_anchor_line(text.substr(0, size)));
  EXPECT_FALSE(audit::parse_anchor_line(text + " "));
  EXPECT_FALSE(audit::parse_anchor_line(" " + text));
}

class AuditAlertTest : public AuditWorld {};

TEST_F(AuditAlertTest, an_alert_needs_no_request_and_gets_the_time) {
  auto log = open();
  AccessEvent alert;
  alert.kind = AuditKind::kAlert;
  alert.resource = "crm";
  alert.reason = "sealed record refused";
  log->record(place(*log), alert);
  const auto entries = read();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0]["kind"], "alert");
  EXPECT_EQ(entries[0]["resource"], "crm");
  EXPECT_EQ(entries[0]["reason"], "sealed record refused");
  EXPECT_EQ(entries[0]["time"], "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(entries[0]["user_id"], "");
  EXPECT_EQ(entries[0]["client"], "0.0.0.0");
}

TEST_F(AuditAlertTest, hostile_text_stays_inside_its_field) {
  auto log = open();
  using namespace std::string_literals;
  const std::string nasty = "\",\"user\":\"admin\"}\n\xff\xfe\x1b[2J\0/../"s;
  AccessEvent hostile = event(nasty);
  hostile.host = nasty;
  hostile.method = nasty;
  log->record(place(*log), hostile);
  const auto entries = read();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0]["user"], "alice");
  EXPECT_NE(entries[0]["path"].get<std::string>().find("\",\"user\":\"admin\"}\n\xef\xbf\xbd\xef\xbf\xbd\x1b[2J"),
            std::string::npos);
}

}  // namespace
}  // namespace sallyport::storage
