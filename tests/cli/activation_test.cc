// Which sockets the service manager has passed, as the environment says it.
#include "cli/activation.h"

#include <gmock/gmock.h>

namespace sallyport::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr pid_t kOwn = 4711;

TEST(activation, names_the_sockets_in_their_order) {
  EXPECT_THAT(*passed_socket_names("4711", "2", "web:admin", kOwn), ElementsAre("web", "admin"));
  EXPECT_THAT(*passed_socket_names("4711", "1", "sallyport.socket", kOwn), ElementsAre("sallyport.socket"));
}

TEST(activation, a_socket_without_a_name_is_unknown) {
  EXPECT_THAT(*passed_socket_names("4711", "2", nullptr, kOwn), ElementsAre("unknown", "unknown"));
  EXPECT_THAT(*passed_socket_names("4711", "3", "web::", kOwn), ElementsAre("web", "unknown", "unknown"));
  EXPECT_THAT(*passed_socket_names("4711", "1", "web:admin", kOwn), ElementsAre("web"));
}

TEST(activation, none_without_the_variables_or_for_another_process) {
  EXPECT_THAT(*passed_socket_names(nullptr, nullptr, nullptr, kOwn), IsEmpty());
  EXPECT_THAT(*passed_socket_names(nullptr, "1", nullptr, kOwn), IsEmpty());
  EXPECT_THAT(*passed_socket_names("4711", nullptr, nullptr, kOwn), IsEmpty());
  EXPECT_THAT(*passed_socket_names("4712", "1", nullptr, kOwn), IsEmpty());
  EXPECT_THAT(*passed_socket_names("4711", "0", "web", kOwn), IsEmpty());
}

TEST(activation, refuses_what_is_no_number) {
  for (const char* const text : {"", "x", "4711x", " 4711", "-1", "99999999999999999999"}) {
    EXPECT_EQ(passed_socket_names(text, "1", nullptr, kOwn).error().code, Code::kMalformed) << text;
    EXPECT_EQ(passed_socket_names("4711", text, nullptr, kOwn).error().code, Code::kMalformed) << text;
  }
  EXPECT_EQ(passed_socket_names("4711", "65", nullptr, kOwn).error().code, Code::kLimit);
}

}  // namespace
}  // namespace sallyport::cli
