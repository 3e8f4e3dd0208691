"""The parts of lint that are other programs: clang-format over all of the code, clang-tidy over what changed."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor


def check_format(root, files):
    done = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *files], cwd=root, capture_output=True, text=True)
    found = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", done.stderr, re.M)))
    bad = [f"{path}: not formatted (clang-format-19 -i {path})" for path in found]
    if done.returncode and not bad:
        bad = [f"clang-format-19: {done.stderr.strip()[:500]}"]
    print("\n".join(bad) or f"format: {len(files)} files, nothing found")
    return bad


def git(root, *arguments):
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def changed_files(root):
    """Since the branch left main; on main itself, since the commit before; and what is not committed yet."""
    head = git(root, "rev-parse", "HEAD")
    start = git(root, "merge-base", "HEAD", "origin/main") or git(root, "merge-base", "HEAD", "main")
    if not start or start == head:
        start = git(root, "rev-parse", "--verify", "--quiet", "HEAD~1") or head
    names = git(root, "diff", "--name-only", start).splitlines()
    names += git(root, "ls-files", "--others", "--exclude-standard").splitlines()
    return set(names)


def check_tidy(root, files, everything):
    database = next((path.parent for name in ("release", "asan", "*")
                     for path in sorted((root / "build").glob(f"{name}/compile_commands.json"))), None)
    if database is None:
        print("clang-tidy: not run, nothing has been built yet (./dev build)")
        return []
    known = (database / "compile_commands.json").read_text()
    changed = set(files) if everything else changed_files(root)
    # A changed header is looked at through its own .cc.
    names = {re.sub(r"\.h$", ".cc", name) for name in changed if name.endswith((".cc", ".h"))}
    names = sorted(name for name in names if name in files and f'"{root / name}"' in known)

    def tidy(name):
        command = ["clang-tidy-19", "--quiet", "-p", str(database), name]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        return sorted(set(re.findall(r"^(\S+?:\d+:\d+: (?:warning|error): .*)$", done.stdout, re.M)))

    with ThreadPoolExecutor(int(os.environ.get("JOBS") or os.cpu_count() or 1)) as pool:
        found = [line for lines in pool.map(tidy, names) for line in lines]
    bad = sorted({str(line).replace(f"{root}{os.sep}", "") for line in found})
    print("\n".join(bad) or f"clang-tidy: {len(names)} files, nothing found")
    return bad
