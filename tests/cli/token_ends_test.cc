// Which tokens will end soon is told once a day, by name and owner, and never more.
#include "cli/token_ends.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "base/random.h"

namespace sallyport::cli {
namespace {

using nlohmann::json;
using std::chrono::days;
using std::chrono::hours;

constexpr WallMicros kMidnight{int64_t{19'700} * 86'400 * 1'000'000};

class TokenEndsTest : public testing::Test {
 protected:
  TokenEndsTest() {
    std::array<int, 2> ends;
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    read_.reset(ends[0]);
    write_.reset(ends[1]);
    policy::ResourceRecord ann;
    ann.id = ann_;
    ann.kind = policy::Kind::kUser;
    ann.name = "ann";
    ann.spec = "{}";
    snapshot_ = policy::Snapshot::build(1, {&ann, 1});
  }
  RecordId add(const std::string& name, std::chrono::seconds life) {
    storage::TokenRecord out;
    out.id = RecordId::random();
    out.hash = Sha256{random_bytes<32>()};
    out.user = ann_;
    out.name = name;
    out.created_at = kMidnight;
    out.expires_at = kMidnight + life;
    table_.insert(out);
    return out.id;
  }
  // Looks at each of these times; the lines of all.
  std::vector<json> look(std::initializer_list<WallMicros> times) {
    {
      Log log(LogLevel::kInfo, write_.get());
      TokenEnds ends(table_, log);
      for (const WallMicros now : times) ends.look(*snapshot_, now);
    }
    write_.reset();
    std::string text;
    std::array<char, 65536> piece;
    for (ssize_t got; (got = ::read(read_.get(), piece.data(), piece.size())) > 0;)
      text.append(piece.data(), static_cast<size_t>(got));
    std::vector<json> out;
    for (size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos; begin = end + 1)
      out.push_back(json::parse(text.substr(begin, end - begin)));
    return out;
  }

  Fd read_, write_;
  UserId ann_ = RecordId::random();
  storage::TokenTable table_;
  std::shared_ptr<const policy::Snapshot> snapshot_;
};

TEST_F(TokenEndsTest, names_token_owner_and_end) {
  const RecordId id = add("ci", days(3));
  add("later", days(30));
  const auto lines = look({kMidnight});
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["event"], "token_ends_soon");
  EXPECT_EQ(lines[0]["level"], "warning");
  EXPECT_EQ(lines[0]["token"], id.to_string());
  EXPECT_EQ(lines[0]["name"], "ci");
  EXPECT_EQ(lines[0]["owner"], "ann");
  EXPECT_EQ(lines[0]["ends"], "2023-12-12T00:00:00Z");
}

TEST_F(TokenEndsTest, once_a_day_and_until_it_is_over) {
  add("ci", hours(50));
  const auto lines = look({kMidnight, kMidnight + hours(1), kMidnight + hours(23), kMidnight + hours(24),
                           kMidnight + hours(47), kMidnight + hours(49), kMidnight + hours(50), kMidnight + hours(80)});
  EXPECT_EQ(lines.size(), 3u) << "one each day";
}

TEST_F(TokenEndsTest, a_revoked_one_is_not_told) {
  table_.revoke(add("ci", days(1)));
  EXPECT_TRUE(look({kMidnight}).empty());
}

}  // namespace
}  // namespace sallyport::cli
