"""Column types, one file each. The order here is the order in which the dialect tries words in a declared type."""

from rolltop.data.types.base import ColumnType, SQLValue, all_types, of_declared, register
from rolltop.data.types.blob import Blob
from rolltop.data.types.boolean import Boolean
from rolltop.data.types.date import Date
from rolltop.data.types.decimal import Decimal
from rolltop.data.types.integer import Integer
from rolltop.data.types.json import Json
from rolltop.data.types.real import Real
from rolltop.data.types.text import Text
from rolltop.data.types.time import Time
from rolltop.data.types.timestamp import Timestamp
from rolltop.data.types.uuid import Uuid

for _type in (Boolean, Json, Timestamp, Date, Integer, Text, Blob, Real, Decimal, Time, Uuid):
    register(_type())

__all__ = ["ColumnType", "SQLValue", "all_types", "of_declared"]
