"""What is wrong with YAML, for people: a problem as libyaml names it in, a sentence with what is right out."""

# The problem, and what to say; {} is the character at its place.
_SENTENCES = {
    "could not find expected ':'": "this line is no `key: value`: a colon and a blank are missing",
    "mapping values are not allowed in this context": (
        "a `: ` makes a key here, where none can stand: quote the text, or correct the indentation"
    ),
    "mapping keys are not allowed in this context": "a `? ` cannot begin a key here: write `key: value`",
    "block sequence entries are not allowed in this context": (
        "a `- ` cannot begin a list item here: it belongs on a line of its own"
    ),
    "did not find expected key": "this fits no map above it: correct the indentation, or quote the text before",
    "did not find expected '-' indicator": (
        "this fits no list above it: items begin with `- `, all at one indentation"
    ),
    "did not find expected ',' or ']'": "a `,` is missing before this, or the `]` that ends the list",
    "did not find expected ',' or '}'": "a `,` is missing before this, or the `}` that ends the map",
    "did not find expected node content": "a value is missing before this",
    "did not find expected <document start>": "nothing but `---` may follow a `%` line",
    "found unexpected document indicator": "the quoted text does not end before `---` or `...`",
    "found unexpected end of stream": "the quoted text does not end: a closing quote is missing",
    "found unknown escape character": (
        "this escape does not exist in double quotes: write `\\\\` for a backslash, or use single quotes"
    ),
    "did not find expected hexdecimal number": "this escape needs hexadecimal digits: `\\x41`, `\\u00e9`",
    "found invalid Unicode character escape code": (
        "this escape is no character: write one above U+FFFF as it is, or as `\\U0001F600`"
    ),
    "did not find expected alphabetic or numeric character": (
        "`*` and `&` name an alias and an anchor, of letters, digits, `_` and `-`: quote text that begins with one"
    ),
    "found a tab character that violates indentation": "a tab cannot indent: use blanks",
    "found a tab character where an indentation space is expected": "a tab cannot indent: use blanks",
    "found an indentation indicator equal to 0": "the indentation of a block of text is 1 to 9",
    "did not find expected comment or line break": "nothing but a comment may follow here on this line",
    "found undefined tag handle": "no %TAG line defines the prefix of this tag: quote text that begins with `!`",
    "found incompatible YAML document": "Helm reads YAML 1.1: drop the `%YAML` line",
    "found duplicate %YAML directive": "the `%YAML` line is there twice",
}


def explain(problem: str, char: str) -> str:
    """Say what is wrong where the parser stopped, at that character (`` at the end)."""
    if problem == "found character that cannot start any token":
        if char == "\t":
            return "a tab cannot indent: use blanks"
        return f"plain text cannot begin with '{char}': quote it"
    return _SENTENCES.get(problem, f"this is not YAML: {problem}")
