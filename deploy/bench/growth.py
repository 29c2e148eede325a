"""What an event costs in logs of different sizes: each size beside the smallest."""

from collections.abc import Sequence

from deploy.bench.measures import Target

SIZES = ("small", "middle", "large")
"""The names of `Scale.sizes`; in a full run 10 thousand, 100 thousand and 1 million events."""


def cost(size: str, rate: float) -> dict[str, float]:
    """Microseconds per event at this rate, as a figure."""
    return {f"cost {size}": 1e6 / rate}


def targets(what: str) -> Sequence[Target]:
    """An event costs at most a fifth more in a larger log than in the smallest."""
    smallest, *larger = SIZES
    return [
        Target(
            f"{what}-{size}",
            f"cost {size}",
            "µs/event",
            f"cost {smallest}",
            "in the smallest log",
            at_most=1.2,
        )
        for size in larger
    ]
