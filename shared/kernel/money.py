"""Money is whole pence; this module only writes it for people."""

from typing import Annotated

from pydantic import Field

Pence = Annotated[int, Field(strict=True, ge=-(2**53) + 1, le=2**53 - 1)]


def pounds(pence: int) -> str:
    """`£1,234.50`; a negative amount has its sign before the pound sign."""
    sign = "-" if pence < 0 else ""
    return f"{sign}£{abs(pence) // 100:,}.{abs(pence) % 100:02d}"
