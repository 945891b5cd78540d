"""What a line of the table of foreign errors is."""

import re
from dataclasses import dataclass

from arcbook.core.failures import ArcbookError


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `classes` are qualified names; one that ends in a dot stands for everything below it. `code` is the problem code
    a finding gets (definition errors only). `lead` opens the message, before the foreign text; `{0}`, `{1}`… are the
    groups of the text pattern. `remedy` is what to do.
    """

    error: type[ArcbookError]
    classes: tuple[str, ...]
    text: re.Pattern[str] | None = None
    lead: str = ""
    code: str = ""
    remedy: str = ""

    def concerns(self, names: tuple[str, ...]) -> bool:
        """Whether the row speaks of a class, given as its qualified name and those of its bases."""
        return any(
            name == wanted or (wanted.endswith(".") and name.startswith(wanted))
            for wanted in self.classes
            for name in names
        )

    def says(self, text: str) -> bool:
        """Whether the row fits an error of such a text."""
        return self.text is None or self.text.search(text) is not None


#: Class names of the engines' client and of AWS's.
ENGINE = ("pyspark.errors.exceptions.",)
AWS = ("botocore.exceptions.", "boto3.exceptions.")
#: The classes of the package deltalake live in its compiled part, and say so.
DELTA = ("_internal.", "deltalake.")
MEMORY_REMEDY = "Give the engine more memory, or read less at a time (fewer columns, a filter, more partitions)."
SIGN_IN_REMEDY = "Check the credentials and what they may do; expired ones need a new sign-in."


def text_row(
    error: type[ArcbookError],
    classes: tuple[str, ...],
    *patterns: str,
    lead: str = "",
    code: str = "",
    remedy: str = "",
) -> Row:
    """The row for errors of these classes (none: of any) whose text holds one of the regular expressions."""
    pattern = re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL)
    return Row(error, classes, pattern, lead=lead, code=code, remedy=remedy)


def class_row(
    error: type[ArcbookError], prefix: str, names: str, *, lead: str = "", code: str = "", remedy: str = ""
) -> Row:
    """The row for the classes with these names, divided by blanks, behind a common prefix."""
    return Row(error, tuple(prefix + name for name in names.split()), lead=lead, code=code, remedy=remedy)
