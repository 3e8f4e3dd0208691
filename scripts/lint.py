"""The rules of the house. `./dev lint` runs everything; `--rules` only what needs neither a compiler nor clang-format;
`--all` gives clang-tidy every file instead of those that changed. Each finding is one line, FILE:LINE: what."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import lint_format
from lint_source import without_comments, without_text
from lint_tables import (BANNED, BASE_WORDS, EXCEPTIONS, FORBIDDEN_INCLUDES, HEAVY_IN_HEADERS, LINES_MAX, ROOMS,
                         STATION_VALUES, STATIONS, WRAPPED)

CODE = (".cc", ".h")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def room_of(path):
    """The room a file lives in: its first folder, or main. None for tests, benches and scripts: they may see all."""
    if path == "main.cc":
        return "main"
    top = path.split("/")[0]
    return top if top in ROOMS else None


def includes_of(text):
    """(line, name, is_ours) of every include."""
    for match in INCLUDE.finditer(text):
        yield line_of(text, match.start()), match[1] or match[2], match[1] is not None


def under(path, places):
    return any(path.startswith(place) for place in places)


def check_direction(path, text):
    """Includes run one way, base first; the exceptions to seeing what is below are in FORBIDDEN_INCLUDES."""
    room = room_of(path)
    if room is None:
        return
    for line, name, ours in includes_of(text):
        target = room_of(name) if ours else None
        if target and ROOMS.index(target) > ROOMS.index(room):
            yield line, f"{room} may not include {target}: {name}"
        for rule in FORBIDDEN_INCLUDES:
            if ours and under(path, rule.of) and under(name, rule.what) and not under(path, rule.but_from):
                yield line, f"{rule.why}: {name}"


def check_stations(path, text):
    """The stations of a request never include each other."""
    folder = "proxy/stations/"
    if not path.startswith(folder):
        return
    name_of = lambda file: Path(file).stem
    own = next((station for station in STATIONS if name_of(path) in station), {name_of(path)}) | STATION_VALUES
    for line, name, ours in includes_of(text):
        if ours and name.startswith(folder) and name_of(name) not in own:
            yield line, f"a station may not include another station: {name}"


def check_wrapped(path, text):
    """A C library's header, and a few heavy C++ ones, in their one place."""
    if room_of(path) is None:
        return
    for line, name, ours in includes_of(text):
        rule = next((rule for rule in WRAPPED if not ours and name.startswith(rule.header)), None)
        if rule and not under(path, rule.places):
            yield line, f"<{name}> belongs in {', '.join(rule.places)} only"
        if not ours and path.endswith(".h") and under(name, HEAVY_IN_HEADERS):
            yield line, f"<{name}> is too heavy for a header: include it in the .cc"


def check_head(path, text):
    """A header begins with what it promises; a .cc with that, or with the header beside it that says it."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if first.startswith("//") or path.endswith("_test.cc"):  # a test's names say what it is about
        return
    if path.endswith(".cc"):
        own = re.match(r'#include "(.+\.h)"', first)
        if own and str(Path(own[1]).parent) == str(Path(path).parent):
            return
    yield 1, "begin the file with a comment that says what it promises"


def check_words(path, text):
    """What STYLE bans, looked for in code alone: neither comments nor strings count. A line that says `NOLINT: why` is
    right as it is."""
    lines = text.splitlines()
    code = re.sub(r"^[ \t]*#[ \t]*include.*$", "", without_text(text), flags=re.M)
    for rule in BANNED:
        if (rule.only and not under(path, rule.only)) or under(path, rule.but_in):
            continue
        for match in re.finditer(rule.pattern, code):
            statement = code[code.rfind(";", 0, match.start()) + 1:match.start()]
            line = line_of(code, match.start())
            if not re.search(rule.unless_after, statement) and "NOLINT: " not in lines[line - 1]:
                yield line, rule.why


def check_product_words(path, text):
    """base/ could serve another program: no word of this product in it."""
    if not path.startswith("base/"):
        return
    for match in re.finditer(BASE_WORDS, without_comments(text), re.I):
        yield line_of(text, match.start()), f"base has no product word in it: {match[0]}"


def check_length(path, text):
    if room_of(path) is None:
        return
    count = text.count("\n")
    if count > LINES_MAX:
        yield count, f"{count} lines: more than one idea lives here (at most {LINES_MAX})"


def check_text(path, text):
    """Of every file: no note to self, no tab or space at a line's end, an end of line at the end."""
    if path.startswith(("scripts/lint", "tests/lint/", "tests/fuzz/corpus/", "tests/data/")):
        return
    for match in re.finditer(r"\b(TODO|FIXME|XXX|HACK)\b", text):
        yield line_of(text, match.start()), f"{match[0]}: do it, or write an issue"
    for match in re.finditer(r"[ \t]+$", text, re.M):
        yield line_of(text, match.start()), "space at the end of the line"
    if text and not text.endswith("\n"):
        yield line_of(text, len(text)), "no end of line at the end"


def check_lock_file(path, text):
    """A lock file pins versions and digests; where they come from is the machine's business."""
    if path.endswith("package-lock.json"):
        for match in re.finditer(r'"resolved"', text):
            yield line_of(text, match.start()), "the address of a registry in a lock file (omit-lockfile-registry-resolved)"


def check_paths_in_docs(path, text, exists):
    """A page that names `proxy/tls/channel.h` must not outlive it."""
    if not path.endswith(".md") or path == "CHANGELOG.md":
        return
    tops = ROOMS[:-1] + ["tests", "docs", "scripts", "demo", "bench"]
    for match in re.finditer(r"`((?:%s)/[\w./-]+)`|\]\((?!https?:)([\w./-]+)\)" % "|".join(tops), text):
        name = match[1] or str((Path(path).parent / match[2]).as_posix())
        if not exists(re.sub(r"/$", "", name)):
            yield line_of(text, match.start()), f"names {name}, which does not exist"


def check_scenarios_in_docs(path, text, read):
    """A page that says `tamper.an_older_row_put_back_is_refused` shows something: the scenario is there."""
    if not path.endswith(".md"):
        return
    for match in re.finditer(r"`([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)`", text):
        room = read(f"tests/scenario/test_{match[1]}.py")
        if room is not None and not re.search(rf"^def {match[2]}\(", room, re.M):
            yield line_of(text, match.start()), f"names the scenario {match[1]}.{match[2]}, which does not exist"


CODE_RULES = (check_direction, check_stations, check_wrapped, check_head, check_words, check_product_words, check_length)
TEXT_RULES = (check_text, check_lock_file)


def findings(files, read, exists):
    """files: names relative to the root; read(name): the text or None; exists(name). Yields (file, line, what)."""
    for path in files:
        text = read(path)
        if text is None:
            continue
        for rule in TEXT_RULES + (CODE_RULES if path.endswith(CODE) else ()):
            for line, what in rule(path, text):
                if (path, rule.__name__) not in EXCEPTIONS:
                    yield path, line, what
        for line, what in (*check_paths_in_docs(path, text, exists), *check_scenarios_in_docs(path, text, read)):
            yield path, line, what


def repository_files(root):
    """What git knows or would add: nothing that .gitignore hides."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root,
                            capture_output=True, check=True).stdout.decode()
    return sorted(name for name in set(listed.split("\0")) if name and (root / name).is_file())


def read_text(path):
    """None when it is not there, or no text."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def main(arguments):
    if set(arguments) - {"--rules", "--all"}:
        sys.exit("usage: ./dev lint [--rules | --all]")
    root = Path(__file__).resolve().parent.parent
    files = repository_files(root)
    bad = [f"{path}:{line}: {what}" for path, line, what in
           findings(files, lambda name: read_text(root / name), lambda name: (root / name).exists())]
    print("\n".join(bad) or f"rules: {len(files)} files, nothing found")
    if "--rules" not in arguments:
        code = [name for name in files if name.endswith(CODE)]
        bad += lint_format.check_format(root, code)
        bad += lint_format.check_tidy(root, code, everything="--all" in arguments)
    if bad:
        print(f"lint: {len(bad)} found")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
