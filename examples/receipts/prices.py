"""Figures over the prices of a receipt."""

import statistics

import warren


@warren.main
def main(prices):
    if not prices:
        raise warren.WarrenError("no prices", kind=warren.INVALID)
    return {"median": statistics.median(prices), "highest": max(prices)}
