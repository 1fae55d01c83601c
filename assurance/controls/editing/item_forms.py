"""What the editing forms have in common: sections, a condition, tables, problems beside inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.forms.utils import ErrorDict

from assurance.controls.cel import to_cel
from assurance.controls.conditions import ConditionError, Problem, describe
from assurance.controls.differences import written
from assurance.controls.editing import rows
from assurance.controls.editing.choices import Choices, decorated
from assurance.controls.editing.inputs import Table
from assurance.controls.editing.items import Opened
from assurance.controls.presenting.pieces import pieces

CONDITION = "condition"
UNNAMED = forms.Field.default_error_messages["required"]


@dataclass(frozen=True)
class Section:
    """A part of a form: names of fields, `condition`, or `table:<name>`."""

    title: str
    names: tuple[str, ...]
    hint: str = ""


class ItemForm(forms.Form):
    """One item of a set. `content()` gives what was typed as data, laid over what there was, so
    that nothing which the form does not show is lost."""

    sections: ClassVar[Sequence[Section]] = ()
    has_condition: ClassVar[bool] = True
    empty_condition: ClassVar[str] = "Every case."
    noun: ClassVar[str] = ""
    # What a preview can do without while it is not typed yet.
    unneeded: ClassVar[frozenset[str]] = frozenset({"key", "name", "reason"})
    error_css_class = "is-wrong"

    def __init__(
        self, data: Mapping[str, str] | None, opened: Opened, cases: Sequence[Mapping[str, Any]]
    ) -> None:
        self.opened = opened
        self.before: dict[str, Any] = opened.content or opened.live or self.new_content()
        self.tables: dict[str, Table] = self.make_tables()
        self.cases = cases
        self.written: rows.Written | None = None
        super().__init__(data, initial=None, auto_id="id_%s")
        self.prepare()
        self._name_what_is_missing()
        for name, value in self.read_initial(self.before).items():
            self.initial[name] = value
        self.fill_tables()
        self.group = self._group()

    def new_content(self) -> dict[str, Any]:
        """What a new item begins with."""
        return {}

    def make_tables(self) -> dict[str, Table]:
        return {}

    def fill_tables(self) -> None:
        """Put what there is into the tables."""
        for table in self.tables.values():
            table.fill(self.before.get(table.name) or ())

    def prepare(self) -> None:
        """Put the choices of this workflow into the fields."""

    def _name_what_is_missing(self) -> None:
        """Above the form, away from the field, “this field” would be nobody's."""
        for name, field in self.fields.items():
            if field.error_messages.get("required") == UNNAMED:
                label = field.label or name.replace("_", " ").capitalize()
                field.error_messages["required"] = f"Fill in “{label}”."

    def read_initial(self, content: Mapping[str, Any]) -> dict[str, Any]:
        return {name: content.get(name) for name in self.fields}

    @cached_property
    def choices(self) -> Choices:
        return Choices(self.opened.catalogue, self.cases)

    def _group(self) -> rows.Group | None:
        """The condition's rows; None where it can only be shown as text."""
        if not self.has_condition:
            return None
        before = rows.shown(self.before.get(CONDITION), self.opened.catalogue)
        if before is None or not self.is_bound:
            return before
        return rows.typed(self.data)

    def act(self, verb: str) -> None:
        """A button that only changes the form: a row or a group more or less."""
        kind, _, rest = verb.partition(":")
        if kind == "table":
            name, _, what = rest.partition(":")
            if name in self.tables:
                self.tables[name].read(self.data)
                self.tables[name].act(what)
        elif self.group is not None:
            self.group = rows.changed(self.group, verb)

    def condition(self, *, lenient: bool = False) -> Any:
        """The condition as it is typed; the former where it is the same or has no rows."""
        before = self.before.get(CONDITION)
        if self.group is None:
            return before
        self.written = rows.Written(self.group, self.opened.catalogue, lenient=lenient)
        tree = self.written.tree
        return before if self.written.is_sound and rows.same(tree, before) else tree

    def content(self, *, lenient: bool = False) -> dict[str, Any]:
        """The item as data. Inputs with errors of their own give what there was before."""
        if self._errors is None:
            self.full_clean()
        said = dict(self.before)
        for table in self.tables.values():
            said[table.name] = table.read(self.data)
        if self.has_condition:
            said[CONDITION] = self.condition(lenient=lenient)
        return self.finished(said | self.typed_values())

    def typed_values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.fields if name in self.cleaned_data}

    def finished(self, content: dict[str, Any]) -> dict[str, Any]:
        """The last word of each form on its content."""
        return content

    @property
    def is_sound(self) -> bool:
        """Whether every input reads; what they mean is judged by the whole set."""
        in_rows = self.written is not None and not self.written.is_sound
        in_tables = any(table.errors for table in self.tables.values())
        return not self.errors and not in_rows and not in_tables

    def tell(self, problem: Problem) -> None:
        """Put a problem beside the input that it is about; what has none stands above the form."""
        parts = problem.pointer.strip("/").split("/")
        if parts[0] == CONDITION and self.written is not None:
            inner = Problem(problem.pointer[len(CONDITION) + 1 :], problem.code, problem.message)
            if not self.written.tell(inner):
                self.add_error(None, problem.message)
            return
        if parts[0] in self.tables and len(parts) > 1 and parts[1].isdigit():
            column = parts[2] if len(parts) > 2 else ""
            self.tables[parts[0]].tell(int(parts[1]), column, problem.message)
            return
        name = self.input_of(parts)
        if name in self.fields and name not in self.errors:
            self.add_error(name, problem.message)
        elif name not in self.fields:
            self.add_error(None, problem.message)

    def input_of(self, parts: list[str]) -> str:
        """The input that a pointer leads to: the longest name that there is."""
        for end in range(len(parts), 0, -1):
            if "_".join(parts[:end]) in self.fields:
                return "_".join(parts[:end])
        return parts[0]

    def forgive(self) -> None:
        """Show no error: the form was only rearranged, not sent."""
        self.full_clean()
        self._errors = ErrorDict()
        for table in self.tables.values():
            table.errors.clear()

    # What the template shows.

    @property
    def label(self) -> str:
        """What the item is called for short."""
        return self.opened.key

    @property
    def title(self) -> str:
        return str(self.before.get("name") or self.label)

    @property
    def blank(self) -> rows.Group:
        """A group with an empty row, for the script to copy."""
        group = rows.named(rows.Group(parts=[rows.Row()]), "new", rows.MOST_NESTED)
        return decorated(group, self.choices)

    def shown_sections(self) -> list[dict[str, Any]]:
        """Each section with its parts made ready."""
        if self.group is not None:
            decorated(self.group, self.choices)
        return [
            {
                "title": section.title,
                "hint": section.hint,
                "id": f"part-{number}",
                "parts": [self._shown(name) for name in section.names if self._has(name)],
            }
            for number, section in enumerate(self.sections)
            if any(self._has(name) for name in section.names)
        ]

    def _has(self, name: str) -> bool:
        return (
            name in self.fields
            or (name == CONDITION and self.has_condition)
            or name.removeprefix("table:") in self.tables
        )

    def _shown(self, name: str) -> dict[str, Any]:
        if name == CONDITION:
            return {"kind": "condition"}
        if name.startswith("table:"):
            return {"kind": "table", "table": self.tables[name.removeprefix("table:")]}
        return {"kind": "field", "field": self[name]}

    def summary(self) -> list[dict[str, str]]:
        """Every error with the id of its input, in the order of the page."""
        found = [{"id": "", "message": str(one)} for one in self.non_field_errors()]
        for name, errors in self.errors.items():
            if name != "__all__":
                found += [{"id": self[name].id_for_label, "message": str(one)} for one in errors]
        for row in self.group.rows() if self.group is not None else ():
            found += [
                {"id": f"id_{row.name}.{part}", "message": said}
                for part, said in row.errors.items()
            ]
        for table in self.tables.values():
            found += [
                {"id": f"{table.name}-{place}-{column}", "message": said}
                for (place, column), said in table.errors.items()
            ]
        return found

    def told(self, condition: Any) -> dict[str, Any]:
        """A condition in words and as CEL, for the column beside the form."""
        if condition is None:
            return {"sentence": pieces(self.empty_condition), "cel": ""}
        catalogue = self.opened.catalogue
        try:
            return {
                "sentence": pieces(describe(condition, catalogue)),
                "cel": to_cel(condition, catalogue),
            }
        except ConditionError:
            return {"sentence": pieces(written(condition)), "cel": ""}


def listed(choices: Sequence[tuple[str, str]], empty: str | None = None) -> list[tuple[str, str]]:
    """Choices of a select, with what none of them means first."""
    return [*([("", empty)] if empty is not None else []), *choices]


def long_text(label: str, help_text: str = "", **more: Any) -> forms.CharField:
    """A text of several lines."""
    rows_high = more.pop("rows", 3)
    return forms.CharField(
        label=label,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows_high}),
        **more,
    )
