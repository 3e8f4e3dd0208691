// Whatever is in a response, judging it opens no file and no socket: each one of the tables is judged once more in a
// process that the kernel would kill for it, and nothing is asked for that had to be refused.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>

#include "sso/saml/xml_library.h"
#include "tests/sso/saml/forged_tables.h"

namespace sallyport::sso::saml {
namespace {

constexpr uint32_t kForbidden[] = {
    __NR_openat, __NR_openat2, __NR_socket, __NR_connect, __NR_execve,
#ifdef __NR_open
    __NR_open,   __NR_creat,
#endif
};

void forbid_opening() {
  std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const uint32_t number : kForbidden) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
    _exit(99);
}

struct Prepared {
  ResponseRules by;
  std::string posted;
  bool genuine;
};

std::vector<Prepared> everything() {
  std::vector<Prepared> all;
  for (const auto* table :
       {&wrapped_responses(), &forged_signatures(), &hostile_xml(), &foreign_claims(), &foreign_encryption()})
    for (const Forged& each : *table) {
      ResponseRules by = rules();
      std::string xml = each.make(by);
      all.push_back({std::move(by), encode_posted(xml), false});
    }
  // Genuine ones that name an address where it is not followed.
  forge::Sign how;
  how.key_info = "<ds:KeyInfo><ds:RetrievalMethod URI=\"http://127.0.0.1:1/key\"></ds:RetrievalMethod></ds:KeyInfo>";
  all.push_back({rules(), encode_posted(forge::both_signed({}, how)), true});
  const std::string include =
      "<samlp:Extensions><x:include xmlns:x=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/hostname\" "
      "parse=\"text\"></x:include></samlp:Extensions><samlp:Status>";
  all.push_back({rules(), encode_posted(forge::replaced(forge::assertion_signed(), "<samlp:Status>", include)), true});
  return all;
}

[[noreturn]] void judge_everything() {
  const std::vector<Prepared> all = everything();
  (void)judged(forge::both_signed());  // what is loaded once, is loaded
  (void)judged(forge::response_of({}, forge::encrypted(forge::assertion_of({}))));
  forbid_opening();
  for (const Prepared& each : all)
    if (verify_response(each.by, each.posted, now()).claims.has_value() != each.genuine) _exit(1);
  _exit(all.size() >= 250 && refused_openings() == 0 ? 0 : 2);
}

[[noreturn]] void open_a_file() {
  forbid_opening();
  _exit(::open("/etc/hostname", O_RDONLY) >= 0 ? 1 : 2);
}

class OpensNothing : public testing::Test {
 protected:
  // A process of its own from the start: secret memory does not survive a fork.
  OpensNothing() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(OpensNothing, the_kernel_kills_who_opens_something) {
  EXPECT_EXIT(open_a_file(), testing::KilledBySignal(SIGSYS), "");
}

TEST_F(OpensNothing, whatever_a_response_asks_for) {
  EXPECT_EXIT(judge_everything(), testing::ExitedWithCode(0), "") << "killed by SIGSYS: something was opened";
}

}  // namespace
}  // namespace sallyport::sso::saml
