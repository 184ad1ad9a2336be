"""The tree keeps its rules; and each check finds an offence that is planted for it."""

import contextlib
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import documented  # noqa: E402
import floors      # noqa: E402
import lengths     # noqa: E402
import names       # noqa: E402
import references  # noqa: E402
from tree import Tree  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = 'keys.push_back(Text("store", "url", "",\n"where: `sqlite:PATH`, "\n"or a \\"URL\\""));'
ROW = '| `[store]` | `url` | text | none | where: `sqlite:PATH`, or a "URL" |'


class ThisTree(unittest.TestCase):
    tree = Tree(ROOT)

    def keeps(self, check):
        offences = check(self.tree)
        self.assertFalse(offences, "\n" + "\n".join(offences))

    def test_floors_of_includes(self):
        self.keeps(floors.includes)

    def test_library_reports_to_the_observer_only(self):
        self.keeps(floors.outside_world)

    def test_lines(self):
        self.keeps(lengths.lines)

    def test_files_and_functions(self):
        self.keeps(lengths.sizes)

    def test_names_of_python(self):
        self.keeps(names.defined)

    def test_names_of_one_machine(self):
        self.keeps(references.private_names)

    def test_every_source_is_built(self):
        self.keeps(references.unbuilt_sources)

    def test_links(self):
        self.keeps(references.links)

    def test_keys_of_the_configuration(self):
        self.keeps(documented.configuration)

    def test_fields_of_the_output(self):
        self.keeps(documented.fields)

    def test_steps(self):
        self.keeps(documented.steps)

    def test_checks_of_the_doctor(self):
        self.keeps(documented.checks)

    def test_servers(self):
        self.keeps(documented.servers)

    def test_tests_against_the_bugs_of_others(self):
        self.keeps(documented.peer_bugs)

    def test_tests_of_what_if(self):
        self.keeps(documented.what_if)

    def test_there_is_something_to_check(self):
        self.assertGreater(len(self.tree.matching((".cc",))), 50)
        self.assertGreater(len(documented.rows(self.tree.text(documented.KEYS))), 30)
        found = [f for path in self.tree.matching((".cc",), ("lib/",))
                 for f in lengths.functions(self.tree.code(path))]
        self.assertGreater(len(found), 300)


@contextlib.contextmanager
def planted(files):
    """A tree of these files: {path: text}."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            file = pathlib.Path(folder) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        yield Tree(folder)


class Planted(unittest.TestCase):
    def assert_found(self, check, files, *expected, **options):
        """The check says as many things as expected, each with the text expected."""
        with planted(files) as tree:
            offences = check(tree, **options)
        self.assertEqual(len(offences), len(expected), offences)
        for offence, text in zip(offences, expected):
            self.assertIn(text, offence)

    def test_includes_that_go_against_a_floor(self):
        for path, header in (
                ("include/indexswap/a.h", "curl/curl.h"),
                ("include/indexswap/a.h", "indexswap/engine/lease.h"),
                ("lib/indexswap/model/a.cc", "boost/json.hpp"),
                ("lib/indexswap/model/a.cc", "indexswap/engine.h"),
                ("lib/indexswap/model/a.cc", "indexswap/json/meta_codec.h"),
                ("lib/indexswap/engine/a.cc", "sqlite3.h"),
                ("lib/indexswap/engine/a.cc", "openssl/evp.h"),
                ("lib/indexswap/engine/a.cc", "indexswap/opensearch/answers.h"),
                ("lib/indexswap/engine/a.cc", "indexswap/http/transport.h"),
                ("lib/indexswap/query/a.cc", "indexswap/sqlite/schema.h"),
                ("lib/indexswap/opensearch/a.cc", "indexswap/sqlite/schema.h"),
                ("lib/indexswap/sqlite/a.cc", "indexswap/opensearch/answers.h"),
                ("lib/indexswap/sqlite/a.cc", "syncd/config/config.h"),
                ("lib/indexswap/sqlite/a.cc", "indexswap/testing/memory_store.h"),
                ("app/syncd/cli/a.cc", "indexswap/testing/memory_store.h"),
                ("app/syncd/cli/a.cc", "indexswap/engine/view.h"),
                ("app/syncd/cli/a.cc", "indexswap/sqlite.h"),
                ("app/syncd/sync/a.cc", "syncd/sources/amqp.h"),
                ("app/syncd/sync/a.cc", "syncd/cli/output.h"),
                ("app/syncd/sources/a.cc", "indexswap/store.h"),
                ("app/syncd/sources/a.cc", "syncd/readmodel/database.h"),
                ("app/syncd/readmodel/a.cc", "syncd/sources/source.h"),
                ("app/syncd/readmodel/a.cc", "indexswap/store.h"),
                ("app/syncd/plan/a.cc", "syncd/readmodel/database.h"),
                ("app/syncd/config/a.cc", "syncd/plan/plan.h"),
                ("app/syncd/aws/a.cc", "indexswap/http/sigv4.h"),
                ("app/syncd/sources/a.cc", "indexswap/http/transport.h")):
            with self.subTest(path=path, header=header):
                self.assert_found(floors.includes, {path: f"// one\n#include <{header}>\n"},
                                  f"{path}:2: includes {header}")
                self.assert_found(floors.includes, {path: f'# include "{header}"\n'}, header)

    def test_includes_that_are_allowed(self):
        self.assert_found(floors.includes, {
            "lib/indexswap/model/a.cc": '#include "indexswap/json/canonical.h"\n'
                                        "// #include <sqlite3.h>\n",
            "lib/indexswap/testing/a.cc": '#include "indexswap/testing/memory_store.h"\n',
            "app/syncd/wiring.cc": '#include <indexswap/sqlite.h>\n#include "syncd/sources/amqp.h"',
            "app/syncd/sources/amqp_source.cc": '#include "syncd/sources/amqp.h"\n'})

    def test_library_that_looks_outside(self):
        for code in ('getenv("HOME");', "std::getenv(name);", "signal(SIGINT, f);",
                     "sigaction(SIGINT, &a, nullptr);", 'std::cout << "x";', "std::cerr << 1;",
                     'printf("x");', 'std::printf("x");', 'std::fprintf(stderr, "x");',
                     'puts("x");', 'spdlog::info("x");'):
            with self.subTest(code=code):
                self.assert_found(floors.outside_world, {"lib/indexswap/engine/a.cc": code}, ":1:")
        self.assert_found(floors.outside_world, {
            "lib/indexswap/engine/a.cc":
                'snprintf(a, 1, "printf(x)"); // getenv("X")\n/* std::cout */ done.signal_all();\n'
                'std::fprintf(file, "x");',
            "app/syncd/cli/a.cc": 'getenv("HOME"); std::printf("x");'})

    def test_long_lines(self):
        text = "x = 1\n" + "y = " + "1" * 96 + "\n" + "y = " + "é" * 97 + "\n"
        self.assert_found(lengths.lines, {"a.py": text}, "a.py:3: 101 characters")
        self.assert_found(lengths.lines, {"lib/a.h": "int a;  " + "x" * 100}, "lib/a.h:1: 108")
        self.assert_found(lengths.lines, {"t/a.py": text, "u/a.py": text}, "u/a.py:3",
                          allowed={"t/": (101, "planted")})

    def test_long_files_and_functions(self):
        def body(lines):
            return "{\n" + "  f();\n" * (lines - 2) + "}\n"
        self.assert_found(lengths.sizes, {"a.cc": "int a;\n" * 400}, allowed={})
        self.assert_found(lengths.sizes, {"a.cc": "int a;\n" * 401}, "401 lines", allowed={})
        self.assert_found(lengths.sizes, {"a.cc": "int a;\n" * 401}, allowed={"a.cc": "planted"})
        self.assert_found(lengths.sizes, {"b.cc": ""}, "whose file is gone",
                          allowed={"a.cc: F": "planted"})
        for head in ("void F(int a) ", "template <class T>\nT Long<T>::F(T a) const ",
                     "A::F(int a) : a_{a}, b_(1) ", "TEST(A, F) ", "bool operator==(F a) ",
                     "class X {\n public:\n  void F() override ",
                     'struct S {};\nnamespace n {\nvoid F(const char* = "}") '):
            with self.subTest(head=head):
                self.assert_found(lengths.sizes, {"a.cc": head + body(69)}, allowed={})
                self.assert_found(lengths.sizes, {"a.cc": head + body(75)}, "at most 70",
                                  allowed={})
        inner = "  if (a) {\n" + "    f('{');  // }\n" * 40 + "  }\n"
        self.assert_found(lengths.sizes, {"a.cc": "void F() {\n" + inner * 2 + "}\n"},
                          "a.cc:1: F has 86 lines", allowed={})

    def test_names_of_python(self):
        files = {"a.py": "import os\nimport sys  # noqa: F401\ndef f():\n    return clsing()\n",
                 "b.py": "def f(:\n"}
        self.assert_found(names.defined, files, "a.py:1:", "'clsing'", "b.py:1:")

    def test_names_of_one_machine(self):
        for name in ("/wor" "k/main/x", "/roo" "t/x", "https://pypi.o" "rg/simple",
                     "http://deb.deb" "ian.org", "repo1.mav" "en.org", "proxy.gol" "ang.org"):
            with self.subTest(name=name):
                self.assert_found(references.private_names, {"scripts/x": f"a\ncp {name} b\n"},
                                  "scripts/x:2:")
        self.assert_found(references.private_names, {"a": "build/wor" "k/x $HOME/wor" "k/y"})

    def test_sources_that_nothing_builds(self):
        files = {"lib/a.cc": "", "lib/x/b.cc": "", "app/c.cc": "", "lib/x/d.cc": "",
                 "lib/CMakeLists.txt": "add_library(l a.cc # d.cc\n x/b.cc)",
                 "app/x/CMakeLists.txt": "add_library(m ../c.cc)"}
        self.assert_found(references.unbuilt_sources, files, "lib/x/d.cc")
        files["tests/CMakeLists.txt"] = "add_executable(t ${PROJECT_SOURCE_DIR}/lib/x/d.cc)"
        self.assert_found(references.unbuilt_sources, files)

    def test_links_that_lead_nowhere(self):
        page = "# One two\n[a](b.md) [c](../README.md#top) [d](#one-two) [e](https://x.y/z.md)\n"
        readme = "# Top\n```\n[x](none.txt)\n```\n`[y](none.txt)`\n"
        self.assert_found(references.links,
                          {"docs/a.md": page, "docs/b.md": "", "README.md": readme})
        self.assert_found(references.links, {"docs/a.md": page, "README.md": readme},
                          "link b.md leads nowhere", "docs/a.md:2: there is no b.md")
        self.assert_found(references.links, {"a.md": "# A\n[b](#b)\n"}, "no heading #b")
        self.assert_found(references.links, {"lib/a.h": "// see docs/gone.md\n"}, "docs/gone.md")

    def test_table_of_keys(self):
        def files(*rows):
            return {documented.KEYS: KEY,
                    documented.CONFIGURATION: "\n".join((*documented.HEAD, *rows, ""))}
        self.assert_found(documented.configuration, files(ROW))
        self.assert_found(documented.configuration, files(), "lacks the row")
        self.assert_found(documented.configuration, files(ROW.replace("none", '`"x"`')),
                          "lacks the row", "says otherwise")
        self.assert_found(documented.configuration, files(ROW, ROW.replace("`url`", "`uri`")),
                          "says otherwise")

    def test_keys_of_every_kind(self):
        source = '''
            KeySpec Text(std::string section, std::string key) {}
            Text("", "state", "", "where", [](Config& c) -> std::string& { return c.state; },
                 ValueType::kPath);
            Choice("g", "health", {"yellow", "green"}, "worst", [](Config& c, size_t i) {});
            Integer<uint64_t>("b", "bytes", 1024, 9 * kMiB, "3145728", "most, or (less)", f);
            Integer<int>("b", "n", 0, kMany, "0", "many", f);
            Part("g", "part", "0.1", "of all", f);
            Flag("s", "on", "false", "whether", f);
            Duration<milliseconds>("s", "quiet", "2s", "so long", f);'''
        self.assertEqual(documented.keys(source), [
            ("", "state", "path", "", "where"),
            ("g", "health", '`"yellow"` or `"green"`', '"yellow"', "worst"),
            ("b", "bytes", "integer 1024–9437184", "3145728", "most, or (less)"),
            ("b", "n", "integer from 0", "0", "many"),
            ("g", "part", "number 0–1", "0.1", "of all"),
            ("s", "on", "`true` or `false`", "false", "whether"),
            ("s", "quiet", "duration", '"2s"', "so long")])

    def test_fields_of_the_output(self):
        source = 'json::object{{"from", 1}, {"to", 2}}; object["live"] = 3;'
        self.assert_found(documented.fields, {documented.OUTPUT: source,
                                              documented.COMMAND_LINE: '`from` "to" live'},
                          "the field live")
        self.assert_found(documented.fields, {documented.OUTPUT: source,
                                              documented.DOCTOR: '{"remedy", 1}',
                                              documented.COMMAND_LINE: '`from` "to" `live`'},
                          "the field remedy")

    def test_checks_of_the_doctor(self):
        files = {"app/syncd/doctor/a.cc": 'findings.Ok("store.disk", what);',
                 documented.CHECKS: "| `store.disk` | x |\n"}
        self.assert_found(documented.checks, files)
        files[documented.CHECKS] = "| `store.disc` | x |\n"
        self.assert_found(documented.checks, files, "lacks the check store.disk",
                          "no check store.disc")

    def test_steps(self):
        files = {"lib/a.cc": 'o.OnStep("a.before");', "app/b.cc": 'Reached(\n"b.after");',
                 documented.TESTING: "| `a.before` | x |\n| `b.after` | y |\n"}
        self.assert_found(documented.steps, files)
        files[documented.TESTING] = "| `a.before` | x |\n| `c.after` | y |\n"
        self.assert_found(documented.steps, files, "lacks the step b.after", "no step c.after")

    def test_tests_against_the_bugs_of_others(self):
        files = {"tests/a.cc": "TEST_F(Swap, Works) {}\n", "tests/b.py": "    def test_c(self):\n",
                 documented.PEER_BUGS: "| 1 | x#1 | lost | `Swap.Works`, `test_b.test_c` |\n"}
        self.assert_found(documented.peer_bugs, files)
        files[documented.PEER_BUGS] += "| 2 | x#2 | lost | `Swap.Fails`, `test_d` |\n"
        self.assert_found(documented.peer_bugs, files, "no test Swap.Fails", "no test test_d")

    def test_tests_of_what_may_happen(self):
        files = {"tests/a.cc": "TEST_F(Swap, Works) {}\n",
                 documented.WHAT_IF: "| what | test |\n|---|---|\n| `a.b` | `Swap.Works` |\n"}
        self.assert_found(documented.what_if, files)
        files[documented.WHAT_IF] += "| lost | `Swap.Fails` |\n| found | none |\n"
        self.assert_found(documented.what_if, files, "no test Swap.Fails", "| found | none |")

    def test_servers(self):
        files = {documented.SERVERS: '    "opensearch-2.19-3": f,\n    "rabbitmq": g,\n',
                 documented.COMPATIBILITY: "| `opensearch-2.19-3` | 2.19.1 | 1 | 0 | 0 |\n"}
        self.assert_found(documented.servers, files)
        files[documented.COMPATIBILITY] = "| `elasticsearch-6` | 6.8.1 | 1 | 0 | 0 |\n"
        self.assert_found(documented.servers, files, "lacks the server opensearch-2.19-3",
                          "no server elasticsearch-6")
        files[documented.SERVERS] = ""
        self.assert_found(documented.servers, files, "no server elasticsearch-6",
                          "no server found")


if __name__ == "__main__":
    unittest.main()
