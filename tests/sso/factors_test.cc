// The text that a person's second factors are kept as: one for each value, and nothing else is read.
#include "sso/factors.h"

#include "tests/sso/factor_world.h"

namespace sallyport::sso {
namespace {

constexpr std::string_view kEmpty =
    R"({"handle":"6868686868686868686868686868686868686868686868686868686868686868","passkeys":[],"recovery":[],"totp":[],"v":1})";

std::string text_of(const Factors& factors) {
  const auto json = to_json(factors);
  return json ? std::string(json->reveal()) : std::string("refused: ") + json.error().what;
}
bool reads(const std::string& text) { return read_factors(secret(text)).has_value(); }

Factors many() {
  Factors out = no_factors();
  out.totp.push_back(some_totp());
  out.totp.push_back(some_totp("the \"old\" phone \\ Händi"));
  out.passkeys.push_back(some_passkey());
  out.passkeys.push_back(some_passkey("another", "other credential"));
  out.recovery.push_back(some_recovery_code("one"));
  out.recovery.push_back(some_recovery_code("two"));
  return out;
}

TEST(Factors, have_one_text) {
  EXPECT_EQ(text_of(no_factors()), kEmpty);
  const std::string text = text_of(many());
  EXPECT_EQ(nlohmann::json::parse(text).dump(), text) << "as any JSON program would write it";
  const auto read = read_factors(secret(text));
  ASSERT_TRUE(read);
  EXPECT_EQ(text_of(*read), text);
  EXPECT_EQ(read->totp.at(1).name, "the \"old\" phone \\ Händi");
  EXPECT_EQ(read->totp.at(0).secret.reveal(), std::string(kTotpSecretBytes, 't'));
  EXPECT_EQ(as_text(read->passkeys.at(1).credential_id), "other credential");
  EXPECT_EQ(read->passkeys.at(0).counter, 7u);
  EXPECT_TRUE(read->passkeys.at(0).resident);
  EXPECT_FALSE(read->passkeys.at(0).verifies_user);
  EXPECT_EQ(read->passkeys.at(0).transports, (std::vector<std::string>{"usb", "hybrid"}));
  EXPECT_EQ(read->recovery.at(1).hash, sha256(as_bytes("two")));
  EXPECT_EQ(ByteView(read->recovery.at(1).id.view()).front(), sha256(as_bytes("two")).front());
}

TEST(Factors, recovery_codes_alone_are_none) {
  Factors factors = no_factors();
  EXPECT_FALSE(factors.can_sign_in());
  factors.recovery.push_back(some_recovery_code("one"));
  EXPECT_FALSE(factors.can_sign_in());
  factors.passkeys.push_back(some_passkey());
  EXPECT_TRUE(factors.can_sign_in());
  EXPECT_TRUE(one_totp().can_sign_in());
}

TEST(Factors, the_largest_that_are_allowed_fit_into_a_sealed_value) {
  Factors factors = no_factors();
  const std::string name(kFactorNameBytesMax, '"');
  for (size_t i = 0; i < kTotpMax; ++i) factors.totp.push_back(some_totp(name));
  for (size_t i = 0; i < kPasskeysMax; ++i) {
    Passkey key = some_passkey(name);
    key.credential_id = Bytes(kCredentialIdBytesMax, static_cast<std::byte>(i));
    key.public_key = Bytes(kPublicKeyBytesMax, std::byte{0xff});
    key.transports = std::vector<std::string>(kTransportsMax, std::string(kTransportBytesMax, 'x'));
    key.counter = UINT32_MAX;
    key.created_at = WallMicros{INT64_MAX};
    factors.passkeys.push_back(std::move(key));
  }
  for (size_t i = 0; i < kRecoveryCodes; ++i) factors.recovery.push_back(some_recovery_code(std::to_string(i)));
  const std::string text = text_of(factors);
  EXPECT_LE(text.size(), storage::kSealedPlainBytesMax);
  EXPECT_TRUE(reads(text));
}

TEST(Factors, refuses_what_passes_a_bound_or_is_there_twice) {
  struct Row {
    const char* what;
    void (*spoil)(Factors&);
  };
  const Row rows[] = {
      {"a handle too short", [](Factors& f) { f.user_handle.pop_back(); }},
      {"no handle", [](Factors& f) { f.user_handle.clear(); }},
      {"too many TOTP",
       [](Factors& f) {
         while (f.totp.size() <= kTotpMax) f.totp.push_back(some_totp());
       }},
      {"too many recovery codes",
       [](Factors& f) {
         while (f.recovery.size() <= kRecoveryCodes)
           f.recovery.push_back(some_recovery_code(std::to_string(f.recovery.size())));
       }},
      {"too many passkeys",
       [](Factors& f) {
         while (f.passkeys.size() <= kPasskeysMax)
           f.passkeys.push_back(some_passkey("key", "credential " + std::to_string(f.passkeys.size())));
       }},
      {"an empty name", [](Factors& f) { f.totp[0].name.clear(); }},
      {"a name too long", [](Factors& f) { f.passkeys[0].name = std::string(kFactorNameBytesMax + 1, 'x'); }},
      {"a name of two lines", [](Factors& f) { f.totp[0].name = "a\nb"; }},
      {"a name with a zero", [](Factors& f) { f.totp[0].name = std::string("a\0b", 3); }},
      {"a name that is no UTF-8", [](Factors& f) { f.totp[0].name = "\xc3("; }},
      {"a secret too short", [](Factors& f) { f.totp[0].secret = secret("short"); }},
      {"no secret", [](Factors& f) { f.totp[0].secret = SecretBytes(); }},
      {"no credential", [](Factors& f) { f.passkeys[0].credential_id.clear(); }},
      {"a credential too long", [](Factors& f) { f.passkeys[0].credential_id.resize(kCredentialIdBytesMax + 1); }},
      {"no public key", [](Factors& f) { f.passkeys[0].public_key.clear(); }},
      {"a public key too long", [](Factors& f) { f.passkeys[0].public_key.resize(kPublicKeyBytesMax + 1); }},
      {"too many transports", [](Factors& f) { f.passkeys[0].transports.resize(kTransportsMax + 1, "usb"); }},
      {"a strange transport", [](Factors& f) { f.passkeys[0].transports = {"usb\""}; }},
      {"an empty transport", [](Factors& f) { f.passkeys[0].transports = {""}; }},
      {"a time before all time", [](Factors& f) { f.totp[0].created_at = WallMicros{-1}; }},
      {"an id twice", [](Factors& f) { f.totp[0].id = f.totp[1].id; }},
      {"an id of another kind", [](Factors& f) { f.totp[0].id = f.passkeys[0].id; }},
      {"a credential twice", [](Factors& f) { f.passkeys[0].credential_id = f.passkeys[1].credential_id; }},
      {"a code twice", [](Factors& f) { f.recovery[0] = f.recovery[1]; }},
      {"a code under another id", [](Factors& f) { f.recovery[0].id = RecordId::random(); }},
  };
  ASSERT_TRUE(to_json(many()));
  for (const Row& row : rows) {
    Factors factors = many();
    row.spoil(factors);
    EXPECT_FALSE(to_json(factors)) << row.what;
  }
}

TEST(Factors, refuses_every_other_text) {
  const std::string good(kEmpty);
  ASSERT_TRUE(reads(good));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string out = good;
    out.replace(out.find(from), from.size(), to);
    return out;
  };
  const std::string texts[] = {
      "",
      "{}",
      "null",
      "[]",
      " " + good,
      good + " ",
      good + good,
      good + std::string(1, '\0'),
      with("\"v\":1", "\"v\":2"),
      with("\"v\":1", "\"v\":01"),
      with("\"v\":1", "\"v\":1,\"w\":1"),
      with("\"v\":1", "\"v\":1,\"v\":1"),
      with("\"passkeys\":[],", ""),
      with("\"passkeys\":[]", "\"passkeys\":null"),
      with("\"passkeys\":[]", "\"passkeys\":[ ]"),
      with("\"passkeys\":[]", "\"passkeys\":[{}]"),
      with("\"passkeys\":[]", "\"passkeys\":[[[[[[[[["),
      with("\"recovery\":[]", "\"recovery\":[\"\"]"),
      with("\"recovery\":[]", "\"recovery\":[,]"),
      with("\"recovery\":[]", "\"recovery\":[\"" + std::string(64, 'A') + "\"]"),
      with("\"recovery\":[]", "\"recovery\":[\"" + std::string(66, '0') + "\"]"),
      with("\"totp\":[]", "\"totp\":[\"x\"]"),
      with("686868", "68686g"),
      with("686868", "6868"),
      with("686868", "\\u0036868"),
      std::string(70000, '['),
  };
  for (const std::string& text : texts) {
    const auto json = SecretBytes::copy_of(text);
    if (json) EXPECT_FALSE(read_factors(*json)) << text.substr(0, 200);
  }
}

// Whatever byte is changed, left out or added: it is refused, or it is the one text of another value.
TEST(Factors, what_is_read_is_what_would_be_written) {
  const std::string good = text_of(many());
  size_t read_anyway = 0;
  const auto check = [&](const std::string& text) {
    const auto factors = read_factors(secret(text));
    if (!factors) return;
    ++read_anyway;
    EXPECT_EQ(text_of(*factors), text);
  };
  for (size_t at = 0; at < good.size(); ++at) {
    for (const char c : {'0', 'a', 'A', '"', '\\', '{', '}', ',', '\0', '\x7f', '\xff', '='}) {
      std::string changed = good;
      changed[at] = c;
      check(changed);
    }
    check(good.substr(0, at) + good.substr(at + 1));
    check(good.substr(0, at) + good[at] + good.substr(at));
    EXPECT_FALSE(reads(good.substr(0, at))) << "cut at " << at;
  }
  EXPECT_GT(read_anyway, good.size()) << "a digit in a hash gives another hash";
}

class FactorBookTest : public FactorWorld {};

TEST_F(FactorBookTest, keeps_what_it_was_given_and_the_snapshot_knows) {
  EXPECT_EQ(read("ann").error().code, Code::kNotFound);
  EXPECT_FALSE(user("ann").has_factors);
  const Factors given = many();
  ASSERT_TRUE(write("ann", given, {}, {{clock_.wall(), "user.factors", "ann", "user ann", "", "made"}}));
  EXPECT_EQ(events_of("user.factors"), 1u);
  EXPECT_EQ(read("ann").error().code, Code::kNotFound) << "of the snapshot from before";
  follow();
  EXPECT_TRUE(user("ann").has_factors);
  EXPECT_FALSE(user("mel").has_factors);
  EXPECT_EQ(text_of(*read("ann")), text_of(given));
  ASSERT_TRUE(write("ann", one_totp()));
  follow();
  EXPECT_EQ(read("ann")->totp.size(), 1u);
  EXPECT_TRUE(read("ann")->passkeys.empty());
}

TEST_F(FactorBookTest, what_nobody_can_sign_in_with_is_no_field) {
  enrol("ann");
  Factors codes = no_factors();
  codes.recovery.push_back(some_recovery_code("one"));
  ASSERT_TRUE(write("ann", codes));
  follow();
  EXPECT_FALSE(user("ann").has_factors);
  enrol("ann");
  EXPECT_TRUE(user("ann").has_factors) << "and they may come back";
}

TEST_F(FactorBookTest, refuses_who_saw_other_factors) {
  ASSERT_TRUE(write("ann", one_totp()));
  EXPECT_EQ(write("ann", many()).error().code, Code::kConflict) << "there were none when this was planned";
  follow();
  ASSERT_TRUE(write("ann", many()));
  EXPECT_EQ(write("ann", one_totp()).error().code, Code::kConflict);
  EXPECT_EQ(write("ann", no_factors()).error().code, Code::kConflict);
  follow();
  EXPECT_EQ(text_of(*read("ann")).size(), text_of(many()).size());
  EXPECT_EQ(read("ann")->totp.size(), 2u);
}

TEST_F(FactorBookTest, refuses_who_is_gone_and_what_cannot_be_kept) {
  Factors bad = one_totp();
  bad.totp[0].name = "\n";
  EXPECT_EQ(write("ann", bad).error().code, Code::kMalformed);
  EXPECT_EQ(write("dan", one_totp()).error().code, Code::kDenied) << "a damaged record";
  in_store<storage::Generation>([id = user("ann").id](storage::Store& store) {
    return store.commit({.changes = {storage::DeleteResource{id}}, .expected = {}}, {});
  });
  EXPECT_EQ(write("ann", one_totp()).error().code, Code::kNotFound);
}

TEST_F(FactorBookTest, uses_go_with_their_factors) {
  const Factors two = many();
  ASSERT_TRUE(write("ann", two));
  follow();
  const UserId ann = user("ann").id;
  storage::ChangeSet used;
  for (const RecordId& id : {two.totp[0].id, two.totp[1].id, two.recovery[0].id})
    used.changes.emplace_back(storage::UseFactor{{id, ann, 1, clock_.wall()}});
  in_store<storage::Generation>([used](storage::Store& store) { return store.commit(used, {}); });
  Factors fewer = *read("ann");
  fewer.totp.erase(fewer.totp.begin());
  ASSERT_TRUE(write("ann", fewer));
  loop_ = std::make_unique<Loop>(clock_);
  auto task = book_.uses(*loop_, ann);
  const auto left = run(task);
  task.cancel();
  ASSERT_EQ(left->size(), 2u);
  for (const storage::FactorUse& use : *left) EXPECT_NE(use.factor, two.totp[0].id);
}

TEST_F(FactorBookTest, another_persons_sealed_factors_do_not_open) {
  enrol("ann");
  policy::SealedField stolen;
  for (const policy::SealedField& field : record("ann").secrets)
    if (field.field == "factors") stolen = field;
  record("mel").secrets.push_back(stolen);
  rebuild();
  EXPECT_TRUE(user("mel").has_factors);
  EXPECT_EQ(read("mel").error().code, Code::kDenied);
}

}  // namespace
}  // namespace sallyport::sso
