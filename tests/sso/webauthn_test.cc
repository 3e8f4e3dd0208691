// The two procedures of Web Authentication: what a genuine answer proves, and each way in which one may be wrong.
#include "sso/strict_json.h"
#include "tests/sso/webauthn_asking.h"

namespace sallyport::sso {
namespace {

using nlohmann::json;
using enum UserVerification;
using enum Identified;

// --- the genuine, of every algorithm
TEST(Webauthn, registers_a_key_of_each_algorithm_and_takes_its_assertions) {
  for (const int64_t algorithm : kAlgorithms) {
    SoftwareAuthenticator device{.key = SoftwareKey(algorithm)};
    const NewCredential made = registers(device.registration(kChallenge), kRequired).value();
    EXPECT_EQ(made.id, device.id);
    EXPECT_EQ(made.public_key, device.key.cose());
    EXPECT_EQ(made.counter, 7u);
    EXPECT_TRUE(made.verifies_user);
    device.counter = 8;
    const Assertion shown = signs_in(device.assertion(kChallenge),
                                     {made.id, made.public_key, made.counter, device.user_handle}, kRequired, kByAnswer)
                                .value();
    EXPECT_EQ(shown.counter, 8u);
    EXPECT_TRUE(shown.user_verified);
  }
}

TEST(Webauthn, what_the_browser_says_of_the_key_is_noted) {
  SoftwareAuthenticator device;
  json answer = device.registration(kChallenge);
  EXPECT_EQ(read_registration(answer)->transports, (std::vector<std::string>{"hybrid", "internal"}))
      << "known words, in order";
  EXPECT_TRUE(read_registration(answer)->resident);
  answer["clientExtensionResults"]["credProps"]["rk"] = false;
  EXPECT_FALSE(read_registration(answer)->resident);
  answer.erase("clientExtensionResults");
  EXPECT_TRUE(read_registration(answer)->resident) << "of the platform";
  answer["authenticatorAttachment"] = "cross-platform";
  EXPECT_FALSE(read_registration(answer)->resident);
  answer["response"].erase("transports");
  EXPECT_TRUE(read_registration(answer)->transports.empty());
}

TEST(Webauthn, an_attestation_statement_is_read_over_whatever_it_says) {
  for (const char* statement : {"a0", "a163616c6726",
                                "a3"
                                "63616c67"
                                "26"
                                "63736967"
                                "4101"
                                "63783563"
                                "814102"}) {
    const SoftwareAuthenticator device{.statement = statement};
    EXPECT_EQ(why(registers(device.registration(kChallenge))), "taken") << statement;
  }
  for (const char* statement :
       {"80", "40", "f6", "a1", "a101", "bfff", "a163616c67c000", "a161618181818181818181818100"}) {
    const SoftwareAuthenticator device{.statement = statement};
    EXPECT_NE(why(registers(device.registration(kChallenge))), "taken") << statement;
  }
}

TEST(Webauthn, extensions_are_read_over) {
  const SoftwareAuthenticator device{.extensions = unhex("a1"
                                                         "6b6372656450726f74656374"
                                                         "02")};  // credProtect: 2
  EXPECT_EQ(why(registers(device.registration(kChallenge))), "taken");
  EXPECT_EQ(why(signs_in(device.assertion(kChallenge), known_of(device, 6))), "taken");
  for (const char* wrong : {"80", "00", "a1", "a16161", "a0a0", "bfff", "f6", "a161619f00ff"}) {
    const SoftwareAuthenticator other{.extensions = unhex(wrong)};
    EXPECT_NE(why(registers(other.registration(kChallenge))), "taken") << wrong;
    EXPECT_NE(why(signs_in(other.assertion(kChallenge), known_of(other, 6))), "taken") << wrong;
  }
}

// --- client data
struct Twist {
  const char* name;
  void (*change)(SoftwareAuthenticator&);
  const char* reason;
};
const Twist kTwists[] = {
    {"the other ceremony", [](SoftwareAuthenticator& d) { d.type = "webauthn.other"; },
     "client data of another ceremony"},
    {"a type of other capitals", [](SoftwareAuthenticator& d) { d.type = "WebAuthn.get"; },
     "client data of another ceremony"},
    {"another port", [](SoftwareAuthenticator& d) { d.party.origin = "https://gate.test:8444"; }, "another origin"},
    {"no port", [](SoftwareAuthenticator& d) { d.party.origin = "https://gate.test"; }, "another origin"},
    {"plain HTTP", [](SoftwareAuthenticator& d) { d.party.origin = "http://gate.test:8443"; }, "another origin"},
    {"a subdomain", [](SoftwareAuthenticator& d) { d.party.origin = "https://evil.gate.test:8443"; }, "another origin"},
    {"a host above", [](SoftwareAuthenticator& d) { d.party.origin = "https://test:8443"; }, "another origin"},
    {"a path behind it", [](SoftwareAuthenticator& d) { d.party.origin = "https://gate.test:8443/"; },
     "another origin"},
    {"a prefix", [](SoftwareAuthenticator& d) { d.party.origin = "https://gate.test:84433"; }, "another origin"},
    {"a user in front", [](SoftwareAuthenticator& d) { d.party.origin = "https://gate.test:8443@evil.test"; },
     "another origin"},
    {"a look-alike", [](SoftwareAuthenticator& d) { d.party.origin = "https://g\xd0\xb0te.test:8443"; },
     "another origin"},
    {"its punycode", [](SoftwareAuthenticator& d) { d.party.origin = "https://xn--gte-8cd.test:8443"; },
     "another origin"},
    {"other capitals", [](SoftwareAuthenticator& d) { d.party.origin = "https://GATE.test:8443"; }, "another origin"},
    {"an app", [](SoftwareAuthenticator& d) { d.party.origin = "android:apk-key-hash:AAAA"; }, "another origin"},
    {"null", [](SoftwareAuthenticator& d) { d.party.origin = "null"; }, "another origin"},
    {"in a frame", [](SoftwareAuthenticator& d) { d.more_client_data["crossOrigin"] = true; },
     "made in a frame of another page"},
    {"under another page", [](SoftwareAuthenticator& d) { d.more_client_data["topOrigin"] = "https://evil.test"; },
     "made in a frame of another page"},
    {"crossOrigin of another type", [](SoftwareAuthenticator& d) { d.more_client_data["crossOrigin"] = "false"; },
     "crossOrigin is true or false"},
    {"a bound channel",
     [](SoftwareAuthenticator& d) { d.more_client_data["tokenBinding"] = {{"status", "present"}, {"id", "AA"}}; },
     "bound to a channel that is not this one"},
    {"another relying party", [](SoftwareAuthenticator& d) { d.party.id = "evil.test"; },
     "made for another relying party"},
    {"the domain above", [](SoftwareAuthenticator& d) { d.party.id = "test"; }, "made for another relying party"},
    {"the origin as its id", [](SoftwareAuthenticator& d) { d.party.id = "https://gate.test:8443"; },
     "made for another relying party"},
    {"nobody present", [](SoftwareAuthenticator& d) { d.flags = kUv; }, "nobody was present"},
    {"no flag", [](SoftwareAuthenticator& d) { d.flags = 0; }, "nobody was present"},
    {"not verified", [](SoftwareAuthenticator& d) { d.flags = kUp; }, "the user was not verified"},
    {"a backup of nothing", [](SoftwareAuthenticator& d) { d.flags = kUp | kUv | kBs; },
     "a backup of what cannot be backed up"},
};

TEST(Webauthn, a_registration_that_is_wrong_in_one_thing_is_refused) {
  for (const Twist& twist : kTwists) {
    SoftwareAuthenticator device;
    twist.change(device);
    EXPECT_EQ(why(registers(device.registration(kChallenge), kRequired)), twist.reason) << twist.name;
  }
}

TEST(Webauthn, an_assertion_that_is_wrong_in_one_thing_is_refused) {
  for (const Twist& twist : kTwists) {
    SoftwareAuthenticator device;
    twist.change(device);
    EXPECT_EQ(why(signs_in(device.assertion(kChallenge), known_of(device, 6), kRequired)), twist.reason) << twist.name;
  }
}

TEST(Webauthn, what_may_stand_in_client_data_besides) {
  SoftwareAuthenticator device;
  device.more_client_data = {{"other_keys_can_be_added_here", "do not compare clientDataJSON against a template"},
                             {"tokenBinding", {{"status", "supported"}}}};
  EXPECT_EQ(why(registers(device.registration(kChallenge))), "taken");
  EXPECT_EQ(why(signs_in(device.assertion(kChallenge), known_of(device, 6))), "taken");
}

TEST(Webauthn, one_ceremonys_answer_is_none_of_the_other) {
  SoftwareAuthenticator device;
  device.type = "webauthn.get";
  EXPECT_EQ(why(registers(device.registration(kChallenge))), "client data of another ceremony");
  device.type = "webauthn.create";
  EXPECT_EQ(why(signs_in(device.assertion(kChallenge), known_of(device, 6))), "client data of another ceremony");
  // Even with the type put right: the data that was signed at a registration holds a credential.
  device.type.clear();
  EXPECT_EQ(
      why(signs_in(device.assertion_of(device.client_data("webauthn.get", kChallenge), device.registration_data()),
                   known_of(device, 6))),
      "an assertion with a new credential");
  EXPECT_EQ(why(registers(device.registration_of(device.client_data("webauthn.create", kChallenge),
                                                 device.attestation_object(device.assertion_data())))),
            "a registration without a credential");
}

TEST(Webauthn, an_answer_to_another_challenge_is_refused) {
  const SoftwareAuthenticator device;
  EXPECT_EQ(why(registers(device.registration(challenge_of(1)))), "another challenge");
  EXPECT_EQ(why(signs_in(device.assertion(challenge_of(1)), known_of(device, 6))), "another challenge");
  for (size_t i = 0; i < kChallenge.size(); ++i) {
    WebauthnChallenge near = kChallenge;
    near[i] ^= std::byte{0x80};
    EXPECT_EQ(why(signs_in(device.assertion(near), known_of(device, 6))), "another challenge") << i;
  }
  for (const char* other :
       {"", "AAAA", "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=", "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlp"}) {
    SoftwareAuthenticator bad;
    bad.more_client_data["challenge"] = other;
    EXPECT_NE(why(registers(bad.registration(kChallenge))), "taken") << other;
  }
}

TEST(Webauthn, client_data_is_json_with_no_key_twice) {
  const SoftwareAuthenticator device;
  const std::string good = device.client_data("webauthn.get", kChallenge);
  const auto with = [&](const std::string& text) {
    return why(signs_in(device.assertion_of(text, device.assertion_data()), known_of(device, 6)));
  };
  EXPECT_EQ(with(good), "taken");
  for (const std::string& more :
       {R"("origin":"https://evil.test",)", R"("type":"webauthn.create",)", R"("challenge":"AA",)",
        R"("crossOrigin":true,)", R"("or\u0069gin":"https://evil.test",)"})
    EXPECT_EQ(with("{" + more + good.substr(1)), "JSON with a key that stands twice") << more;
  for (const std::string& text :
       {good + "x", good + good, "[" + good + "]", good.substr(0, good.size() - 1), std::string(), std::string("null"),
        "{\"a\":\xff," + good.substr(1), "{\"a\":\"\xc0\xaf\"," + good.substr(1), "{'a':1," + good.substr(1),
        "{/**/" + good.substr(1)})
    EXPECT_EQ(with(text), "not a JSON object") << text;
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "[";
  EXPECT_NE(with("{\"a\":" + deep + "," + good.substr(1)), "taken");
  deep = "1";
  for (int i = 0; i < 20; ++i) deep = "[" + deep + "]";
  EXPECT_EQ(with("{\"a\":" + deep + "," + good.substr(1)), "JSON that is nested too deeply");
  EXPECT_EQ(with("{\"a\":\"" + std::string(4096, 'x') + "\"," + good.substr(1)), "client data that is too long");
  for (const char* missing : {"type", "origin", "challenge"}) {
    ordered parsed = ordered::parse(good);
    parsed.erase(missing);
    EXPECT_NE(with(parsed.dump()), "taken") << missing;
    parsed[missing] = 7;
    EXPECT_NE(with(parsed.dump()), "taken") << missing;
  }
}

TEST(Webauthn, the_json_around_it_is_as_the_browser_writes_it) {
  const SoftwareAuthenticator device;
  for (const json& whole : {device.registration(kChallenge), device.assertion(kChallenge)}) {
    const auto takes = [](const json& text) {
      return read_registration(text).has_value() || read_assertion(text).has_value();
    };
    ASSERT_TRUE(takes(whole));
    for (const char* key : {"id", "rawId", "type", "response"}) {
      for (const json& value :
           {json(nullptr), json(1), json(""), json("AA=="), json("A"), json("!!!!"), json::array(), json::object()}) {
        json other = whole;
        other[key] = value;
        EXPECT_FALSE(takes(other)) << key << value;
      }
      json without = whole;
      without.erase(key);
      EXPECT_FALSE(takes(without)) << key;
    }
    for (const auto& [key, was] : whole["response"].items()) {
      if (key == "transports" || key == "userHandle") continue;
      json other = whole;
      other["response"][key] = was.get<std::string>() + "=";
      EXPECT_FALSE(takes(other)) << key;
      other["response"].erase(key);
      EXPECT_FALSE(takes(other)) << key;
    }
  }
  EXPECT_FALSE(read_registration(json::array()));
  EXPECT_FALSE(read_assertion(json("x")));
}

// --- user verification
TEST(Webauthn, user_verification_counts_where_it_is_required) {
  const SoftwareAuthenticator device{.flags = kUp};
  EXPECT_EQ(registers(device.registration(kChallenge), kPreferred)->verifies_user, false);
  EXPECT_EQ(why(registers(device.registration(kChallenge), kRequired)), "the user was not verified");
  EXPECT_EQ(signs_in(device.assertion(kChallenge), known_of(device, 6), kPreferred)->user_verified, false);
  EXPECT_EQ(why(signs_in(device.assertion(kChallenge), known_of(device, 6), kRequired)), "the user was not verified");
}

TEST(Webauthn, backup_flags_and_reserved_ones) {
  for (const int flags : {kUp | kBe, kUp | kBe | kBs, kUp | 2, kUp | 32}) {
    const SoftwareAuthenticator device{.flags = static_cast<uint8_t>(flags)};
    EXPECT_EQ(why(registers(device.registration(kChallenge))), "taken") << flags;
    EXPECT_EQ(why(signs_in(device.assertion(kChallenge), known_of(device, 6))), "taken") << flags;
  }
}

// --- whose it is
TEST(Webauthn, another_credential_key_or_user_is_refused) {
  SoftwareAuthenticator mine, yours{.id = Bytes(32, std::byte{2}), .user_handle = Bytes(32, std::byte{3})};
  const json answer = mine.assertion(kChallenge);
  EXPECT_EQ(why(signs_in(answer, known_of(mine, 6))), "taken");
  EXPECT_EQ(why(signs_in(answer, known_of(yours, 6))), "another credential");
  KnownCredential known = known_of(mine, 6);
  known.public_key = yours.key.cose();
  EXPECT_EQ(why(signs_in(answer, known)), "a wrong signature");
  known = known_of(mine, 6);
  known.user_handle = yours.user_handle;
  EXPECT_EQ(why(signs_in(answer, known)), "the user handle of somebody else");
  known.public_key.push_back(std::byte{0});
  known.user_handle = mine.user_handle;
  EXPECT_EQ(why(signs_in(answer, known)), "bytes behind a COSE key");
}

TEST(Webauthn, who_is_not_known_yet_has_to_be_named_by_the_answer) {
  const SoftwareAuthenticator device;
  json answer = device.assertion(kChallenge);
  for (const bool null : {false, true}) {
    if (null)
      answer["response"]["userHandle"] = nullptr;
    else
      answer["response"].erase("userHandle");
    EXPECT_EQ(why(signs_in(answer, known_of(device, 6), kRequired, kBefore)), "taken");
    EXPECT_EQ(why(signs_in(answer, known_of(device, 6), kRequired, kByAnswer)), "no user handle");
  }
}

TEST(Webauthn, an_id_is_of_possible_length_and_the_one_that_was_attested) {
  for (const size_t size : {size_t{16}, size_t{1023}}) {
    const SoftwareAuthenticator device{.id = Bytes(size, std::byte{9})};
    EXPECT_EQ(why(registers(device.registration(kChallenge))), "taken") << size;
  }
  EXPECT_EQ(why(registers(SoftwareAuthenticator{.id = Bytes(15, std::byte{9})}.registration(kChallenge))),
            "a credential id that is too short");
  EXPECT_EQ(why(registers(SoftwareAuthenticator{.id = Bytes(1024, std::byte{9})}.registration(kChallenge))),
            "a credential id that is too long");
  const SoftwareAuthenticator long_one{.id = Bytes(1024, std::byte{9})}, device;
  json answer = device.registration(kChallenge);
  answer["response"] = long_one.registration(kChallenge)["response"];
  EXPECT_EQ(why(registers(answer)), "a credential id that is too long") << "in the attested data alone";
  answer = device.registration(kChallenge);
  answer["id"] = answer["rawId"] = base64url_encode(Bytes(32, std::byte{0x1e}));
  EXPECT_EQ(why(registers(answer)), "the browser names another credential");
  answer["rawId"] = device.registration(kChallenge)["id"];
  EXPECT_EQ(why(registers(answer)), "id and rawId differ");
}

// --- the counter
TEST(Webauthn, a_counter_rises_or_is_never_there) {
  struct Row {
    uint32_t stored, shown;
    bool taken;
  };
  for (const Row& row :
       {Row{0, 0, true}, Row{0, 1, true}, Row{6, 7, true}, Row{6, UINT32_MAX, true}, Row{7, 7, false}, Row{8, 7, false},
        Row{7, 0, false}, Row{UINT32_MAX, 0, false}, Row{UINT32_MAX, UINT32_MAX, false}}) {
    const SoftwareAuthenticator device{.counter = row.shown};
    const auto result = signs_in(device.assertion(kChallenge), known_of(device, row.stored));
    EXPECT_EQ(result.has_value(), row.taken) << row.stored << " " << row.shown;
    if (!row.taken) EXPECT_EQ(result.error().code, Code::kConflict);
  }
  // A wrong signature says nothing of a copy.
  const SoftwareAuthenticator device, other;
  EXPECT_EQ(signs_in(device.assertion(kChallenge), known_of(other, 7)).error().code, Code::kDenied);
}

// --- keys
TEST(Webauthn, a_key_of_another_algorithm_or_no_point_is_not_registered) {
  const SoftwareAuthenticator device;
  const auto with = [&](ByteView cose) {
    return why(registers(device.registration_of(device.client_data("webauthn.create", kChallenge),
                                                device.attestation_object(device.data(kAt, device.attested(cose))))));
  };
  const Bytes x(32, std::byte{1});
  EXPECT_EQ(with(device.key.cose()), "taken");
  EXPECT_EQ(with(ec2_cose(x, x, -35)), "an algorithm that was not offered");
  EXPECT_EQ(with(ec2_cose(x, x, -257)), "a COSE key of another type than its algorithm's");
  EXPECT_EQ(with(ec2_cose(x, x)), "not a point of P-256");
  EXPECT_EQ(with(okp_cose(Bytes(32))), "not a point of Ed25519, or one of small order");
  EXPECT_EQ(with(device.key.cose() + Bytes{std::byte{0}}), "bytes behind the authenticator data");
}

}  // namespace
}  // namespace sallyport::sso
