"""The lint's own tests: for each rule a small file that breaks it, and a twin that does not."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))
import lint  # noqa: E402
from lint_source import without_comments, without_text  # noqa: E402

HEAD = "// Promises something.\n"


def found(files, there=()):
    """What lint says about these files, as FILE:LINE pairs."""
    names = set(files) | set(there)
    return [f"{path}:{line}" for path, line, _ in lint.findings(sorted(files), files.get, lambda name: name in names)]


class Direction(unittest.TestCase):
    def refuses(self, path, include):
        self.assertEqual(found({path: f"{HEAD}#include {include}\n"}), [f"{path}:2"], include)

    def accepts(self, path, include):
        self.assertEqual(found({path: f"{HEAD}#include {include}\n"}), [], include)

    def test_rooms_see_only_what_is_below(self):
        self.refuses("base/x.cc", '"policy/snapshot.h"')
        self.refuses("policy/x.h", '"storage/store.h"')
        self.refuses("storage/x.h", '"sso/session.h"')
        self.refuses("sso/x.cc", '"proxy/worker.h"')
        self.refuses("proxy/x.cc", '"console/api/me.h"')
        self.refuses("console/web/x.cc", '"cli/serve.h"')
        self.accepts("console/web/x.cc", '"proxy/worker.h"')
        self.accepts("storage/x.h", '"policy/snapshot.h"')
        self.accepts("main.cc", '"cli/serve.h"')

    def test_only_cli_knows_sqlite(self):
        self.refuses("console/x.cc", '"storage/sqlite/sqlite_store.h"')
        self.refuses("storage/x.cc", '"storage/sqlite/sqlite_store.h"')
        self.accepts("storage/sqlite/x.cc", '"storage/sqlite/sqlite_store.h"')
        self.accepts("cli/serve.cc", '"storage/sqlite/sqlite_store.h"')
        self.accepts("tests/storage/x_test.cc", '"storage/sqlite/sqlite_store.h"')

    def test_codec_and_stations_see_their_own_only(self):
        self.refuses("proxy/codec/x.cc", '"policy/snapshot.h"')
        self.refuses("proxy/stations/x.cc", '"proxy/tls/channel.h"')
        self.refuses("proxy/stations/x.cc", '"proxy/codec/http1_head.h"')
        self.refuses("proxy/stations/x.cc", '"proxy/stations/locate.h"')
        self.accepts("proxy/stations/locate.cc", '"proxy/stations/locate.h"')
        self.accepts("proxy/stations/relay.h", '"proxy/stations/forward.h"')
        self.accepts("proxy/stations/forward.h", '"proxy/stations/credentials.h"')
        self.refuses("proxy/stations/credentials.h", '"proxy/stations/forward.h"')
        self.accepts("proxy/request_path.cc", '"proxy/stations/locate.h"')

    def test_libraries_stay_in_their_wrapper(self):
        self.refuses("proxy/x.cc", "<event2/event.h>")
        self.refuses("storage/x.cc", "<sqlite3.h>")
        self.refuses("sso/x.cc", "<openssl/ssl.h>")
        self.refuses("proxy/x.cc", "<argon2.h>")
        self.refuses("cli/x.cc", "<yaml-cpp/yaml.h>")
        self.refuses("policy/x.h", "<nlohmann/json.hpp>")
        self.accepts("base/loop.h", "<event2/event_struct.h>")
        self.accepts("proxy/tls/context.cc", "<openssl/ssl.h>")
        self.accepts("policy/x.cc", "<nlohmann/json.hpp>")
        self.accepts("tests/proxy/x_test.cc", "<openssl/ssl.h>")


class Style(unittest.TestCase):
    def refuses(self, line, path="sso/x.cc"):
        self.assertEqual(found({path: f"{HEAD}{line}\n"}), [f"{path}:2"], line)

    def accepts(self, line, path="sso/x.cc"):
        self.assertEqual(found({path: f"{HEAD}{line}\n"}), [], line)

    def test_ownership(self):
        self.refuses("auto* thing = new Thing;")
        self.refuses("delete thing;")
        self.refuses("std::shared_ptr<Thing> thing;")
        self.accepts("Thing(const Thing&) = delete;")
        self.accepts("std::unique_ptr<Thing> thing(new Thing(1));")
        self.refuses("std::unique_ptr<Thing> thing; keep(new Thing(1));")
        self.accepts("std::shared_ptr<const Snapshot> snapshot;")
        self.accepts('const char* word = "a new one";  // a new comment, delete me')
        self.accepts('const char* text = R"(new delete)";')
        self.accepts("static void* operator new(size_t size);")
        self.accepts("#include <new>")
        self.accepts("auto* thing = new Thing;  // NOLINT: the library frees it")
        self.refuses("auto* thing = new Thing;  // NOLINT")

    def test_functions_without_bounds(self):
        self.refuses("strcpy(to, from);")
        self.refuses("const int port = atoi(text);")
        self.refuses('std::printf("%s", text);')
        self.refuses("std::this_thread::sleep_for(one_second);", "tests/sso/x_test.cc")
        self.accepts('std::printf("%s", text);', "cli/x.cc")
        self.accepts("std::this_thread::yield();", "tests/sso/x_test.cc")

    def test_base_has_no_product_word(self):
        self.refuses("struct Datasource {};", "base/x.h")
        self.accepts("struct Endpoint {};", "base/x.h")
        self.accepts("struct Datasource {};", "policy/x.h")

    def test_file_heads(self):
        self.assertEqual(found({"sso/x.h": "#pragma once\n"}), ["sso/x.h:1"])
        self.assertEqual(found({"sso/x.h": HEAD + "#pragma once\n"}), [])
        self.assertEqual(found({"sso/x.cc": '#include "base/y.h"\n'}), ["sso/x.cc:1"])
        self.assertEqual(found({"sso/x.cc": '#include "sso/x.h"\n'}), [])
        self.assertEqual(found({"tests/support/x.cc": "#include <vector>\n"}), ["tests/support/x.cc:1"])
        self.assertEqual(found({"tests/sso/x_test.cc": "#include <vector>\n"}), [])

    def test_length(self):
        self.assertEqual(found({"sso/x.cc": HEAD + "int x;\n" * 430}), ["sso/x.cc:431"])
        self.assertEqual(found({"sso/x.cc": HEAD + "int x;\n" * 429}), [])

    def test_notes_to_self_and_line_ends(self):
        self.refuses("int x;  // TO" "DO: later")
        self.refuses("int x; ")
        self.assertEqual(found({"README.md": "no end"}), ["README.md:1"])


class Documents(unittest.TestCase):
    def test_named_files_exist(self):
        page = "See `proxy/worker.h` and [threats](THREATS.md).\n"
        self.assertEqual(found({"docs/A.md": page}), ["docs/A.md:1", "docs/A.md:1"])
        self.assertEqual(found({"docs/A.md": page}, there=["proxy/worker.h", "docs/THREATS.md"]), [])

    def test_named_scenarios_exist(self):
        scenarios = {"tests/scenario/test_tls.py": "def old_clients(t):\n    pass\n"}
        self.assertEqual(found({"docs/A.md": "`tls.new_clients`\n"} | scenarios), ["docs/A.md:1"])
        self.assertEqual(found({"docs/A.md": "`tls.old_clients` and `other.word`\n"} | scenarios), [])

    def test_lock_file_names_no_registry(self):
        self.assertEqual(found({"a/package-lock.json": '{"resolved": "x"}\n'}), ["a/package-lock.json:1"])
        self.assertEqual(found({"a/package-lock.json": '{"integrity": "x"}\n'}), [])


class Source(unittest.TestCase):
    def test_lines_stay_and_text_goes(self):
        source = "int a = 1'000; /* new\n new */ auto s = \"\\\"new\"; char c = '\"'; int b; // new\nR\"x(new)\" )x\";\n"
        self.assertEqual(without_text(source).count("\n"), source.count("\n"))
        self.assertNotIn("new", without_text(source))
        self.assertIn("1'000", without_text(source))
        self.assertIn('"\\"new"', without_comments(source))


if __name__ == "__main__":
    unittest.main(verbosity=0)
