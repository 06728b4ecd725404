"""What Helm drops or changes without a word while it reads values."""

from typing import NamedTuple

from meshguard.diagnostic import Span, ValuePath


class Loss(NamedTuple):
    """One thing that was written and is not what the templates will see.

    `kind` names what happened (`duplicate-key`, `second-document`, `null-deletes`, ...), `at` the place in
    the merged values that it concerns, `span` what was lost or changed, `related` what stands there instead,
    and `detail` is the sentence for a person.
    """

    kind: str
    at: ValuePath
    span: Span
    detail: str
    related: Span | None = None
