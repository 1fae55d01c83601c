"""Which facts a condition may speak about, and of what type each one is.

A catalogue comes from the workflow's JSON Schemas of its output and context plus the fields
that every case has. It is what turns a slip of the pen into a sentence at save time, gives the
form its labels and units, and tells the live path what a *wrong* type is.

A root without a schema, or an object in a schema that names no properties, is *open*: any path
below it is accepted and read as type `any`. `infer` looks at cases seen and says what such paths
usually hold; that feeds forms and hints only. Verdicts come from the declared catalogue alone,
so that a case judged again next year is judged alike.

>>> catalogue = catalogue_from_schemas(
...     {"properties": {"amount": {"type": "number", "title": "Loan amount", "unit": "EUR"}}}, None)
>>> catalogue.get("output.amount").unit
'EUR'
>>> catalogue.nearest("output.amuont")
'output.amount'
>>> catalogue.get("context.anything.at.all").type
'any'
"""

from __future__ import annotations

from assurance.controls.catalogue import EVERYTHING, Catalogue, Field
from assurance.controls.field_inference import infer
from assurance.controls.schema_fields import catalogue_from_schemas

__all__ = ["EVERYTHING", "Catalogue", "Field", "catalogue_from_schemas", "infer"]
