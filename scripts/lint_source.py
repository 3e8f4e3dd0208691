"""C++ source with its comments, or its comments and strings, blanked out; every line stays where it was."""

import re

TOKEN = re.compile(
    r'(?P<raw>R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")'
    r'|(?P<comment>//[^\n]*|/\*.*?\*/)'
    r"|(?P<text>\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*')",
    re.S)


def _blank(source, kinds):
    def replaced(match):
        if match.lastgroup in kinds or (match["raw"] is not None and "raw" in kinds):
            return re.sub(r"[^\n]", " ", match[0])
        return match[0]

    return TOKEN.sub(replaced, source)


def without_comments(source):
    return _blank(source, {"comment"})


def without_text(source):
    """Without comments, strings and characters. Include lines lose their names: take those from the source."""
    return _blank(source, {"comment", "text", "raw"})
