"""The base of all stages and the five kinds."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from arcbook.stages.keys import INPUT, SCHEMA, Role, TextMap


def key_of(field_name: str) -> str:
    """A field's key as users write it: camel case, with abbreviations in capitals (`input_uri` is `inputURI`)."""
    first, *rest = field_name.split("_")
    return first + "".join(_ABBREVIATIONS.get(word, word.capitalize()) for word in rest)


_ABBREVIATIONS = {"uri": "URI", "url": "URL"}


def roles_of(field: FieldInfo) -> frozenset[Role]:
    """What a field's value means, also where the key is optional."""
    return frozenset(item for item in (*field.metadata, *_inner(field)) if isinstance(item, Role))


def description_of(field: FieldInfo) -> str:
    """A field's description, also where the key is optional."""
    return field.description or next(
        (item.description for item in _inner(field) if isinstance(item, FieldInfo) and item.description), ""
    )


def _inner(field: FieldInfo) -> Iterator[Any]:
    """What the members of a union carry: `InputView | None` keeps role and description there."""
    return (item for member in get_args(field.annotation) for item in getattr(member, "__metadata__", ()))


Environments = Annotated[
    tuple[str, ...], Field(description="Environments in which the stage runs; none means it never runs in a job.")
]


class Declared(BaseModel):
    """An object of the job language whose `type` names its class: a stage, or a plugin. Checked and frozen.

    A subclass is the whole declaration of a type: its docstring is the documentation (first line: summary), its fields
    are the keys. A key is the field's name in camel case unless the field states an alias. Subclasses set `example`,
    one cell's text that must check without problems.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=key_of,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
    )

    example: ClassVar[str]

    @classmethod
    def type_name(cls) -> str:
        """The value of a cell's `type` key."""
        return cls.__name__

    @classmethod
    def keys(cls) -> dict[str, str]:
        """Field name by key, in the user's spelling."""
        return {field.alias or name: name for name, field in cls.model_fields.items()}


class Stage(Declared):
    """One declared operation."""

    kind: ClassVar[str]
    #: What an engine must offer for this stage, whatever its values (names in `arcbook.core.capabilities`).
    needs: ClassVar[frozenset[str]] = frozenset()
    #: Groups of keys of which a stage has one, and those of which it has one at most; keys the type lacks are ignored.
    one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    at_most_one_of: ClassVar[tuple[tuple[str, ...], ...]] = ()
    #: Keys that name a view whose columns are taken by position.
    by_position: ClassVar[tuple[str, ...]] = ()
    #: Whether anything reads `params`.
    reads_params: ClassVar[bool] = False
    #: Whether the stage may make views that its keys do not name, and whether it yields values for `${name}`.
    opaque: ClassVar[bool] = False
    computes: ClassVar[bool] = False
    #: Whether the stages of another job take this one's place, so that it has no runner of its own.
    expands: ClassVar[bool] = False

    id: Annotated[str | None, Field(description="Identifier, unique within the job.")] = None
    name: Annotated[str, Field(description="Name shown in messages and logs.")]
    description: Annotated[str | None, Field(description="Free text for readers.")] = None
    environments: Environments = ()
    resolution: Annotated[
        Literal["strict", "lazy"],
        Field(description="`lazy` fills `${…}` when the stage's turn comes instead of before the job starts."),
    ] = "strict"
    params: Annotated[TextMap, Field(description="Free settings; no stage reads them unless its page says so.")] = {}

    def required_capabilities(self) -> frozenset[str]:
        """What an engine must offer for this stage with these values."""
        return self.needs

    def values_of(self, role: Role) -> Iterator[tuple[str, Any]]:
        """Key and value of each set key that has `role`."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not None and role in roles_of(field):
                yield field.alias or name, value


class ExtractStage(Stage):
    """Base of stages that read outside data into a view."""

    kind: ClassVar[str] = "extract"
    one_of = (INPUT,)
    at_most_one_of = (SCHEMA,)


class TransformStage(Stage):
    """Base of stages that make a view from views."""

    kind: ClassVar[str] = "transform"


class LoadStage(Stage):
    """Base of stages that write a view outside."""

    kind: ClassVar[str] = "load"


class ExecuteStage(Stage):
    """Base of stages that act and make no view."""

    kind: ClassVar[str] = "execute"


class ValidateStage(Stage):
    """Base of stages that fail the job when a condition does not hold."""

    kind: ClassVar[str] = "validate"
