"""What a comparison found, and how it is shown: medians, spread, ratios."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Row:
    """One side's result at its best number of threads; times in seconds per step, and qualities, one per round."""

    side: object
    threads: int
    times: list
    versions: dict
    quality: dict
    rounds: list = field(default_factory=list)

    @property
    def label(self):
        """Name for messages."""
        return f"{self.side.name} ({self.threads} thread{'s' if self.threads > 1 else ''})"

    @property
    def median(self):
        """Seconds per step."""
        return statistics.median(self.times)


def ratio_to(ours, row):
    """How many times the time of ours a row takes: of the medians, and smallest and largest of a round.

    Both of a round were timed right after each other, so its ratio is what a busy machine spoils least.
    """
    rounds = [theirs / mine for theirs, mine in zip(row.times, ours.times, strict=True)]
    return row.median / ours.median, min(rounds), max(rounds)


def best_of(rows):
    """For each side the row with the smallest median, in the order of the sides."""
    best = {}
    for row in rows:
        if row.side not in best or row.median < best[row.side].median:
            best[row.side] = row
    return list(best.values())


def table(comparison, rows, rounds):
    """The result as Markdown."""
    [ours] = [row for row in rows if row.side.role == "ours"]
    peers = [row for row in rows if row.side.role == "peer"]
    fastest = min(peers, key=lambda row: row.median)

    def shown(seconds):
        number = seconds * comparison.per_second
        return f"{number:.0f}" if number >= 100 else f"{number:.3g}"

    lines = [
        f"## {comparison.title}", "", f"{comparison.task} {rounds} rounds, in turns. {quality_line(rows)}", "",
        f"| | threads | {comparison.unit}, median | min–max | times ours, of medians | in a round, min–max |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in rows:
        versions = ", ".join(f"{package} {version}" for package, version in row.versions.items())
        of_medians, least, most = ratio_to(ours, row)
        ratios = ("1", "") if row is ours else (f"**{of_medians:.2f}**", f"{least:.2f}–{most:.2f}")
        name = f"{row.side.role}: {row.side.name}" + (f" ({versions})" if versions else "")
        cells = (name, row.threads, shown(row.median), f"{shown(min(row.times))}–{shown(max(row.times))}", *ratios)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    if comparison.more:
        lines += ["", *comparison.more(rows)]
    reached = ratio_to(ours, fastest)[0]
    word = "met" if reached >= comparison.goal else "MISSED"
    lines += ["", f"Goal: at least {comparison.goal:g} times as fast as the fastest peer. {word}: {reached:.2f}."]
    return "\n".join(lines)


def quality_line(rows):
    """What all sides reached, in words."""
    accuracy = [row.quality["accuracy"] for row in rows if "accuracy" in row.quality]
    losses = [row.quality["losses"] for row in rows if row.quality.get("losses")]
    parts = [f"accuracy {min(accuracy):.2f}"] if accuracy else []
    if losses:
        parts.append(f"loss {losses[0][0]:.3f} to {losses[0][-1]:.3f} in {len(losses[0])} steps")
    return f"All sides agree: {', '.join(parts)}." if parts else "All sides agree."
