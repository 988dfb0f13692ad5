"""``csw coding``: people code recommendations, and the agreed coding is in the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.common.tables import text_table

if TYPE_CHECKING:
    from flows.outputs.coding import Coding

coding = typer.Typer(
    name="coding", help="People code recommendations: sheets out, codings in, agreement.", no_args_is_help=True
)

Coder = Annotated[str, typer.Option("--coder", help="A plain name; `agreed` for what was resolved.")]
Sample = Annotated[str, typer.Option("--sample", help="study (the stratified sample), corpus, or a framework.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the sheets.")]
Blind = Annotated[bool, typer.Option("--blind", help="Without the rules' suggestions.")]
Coders = Annotated[
    list[str] | None,
    typer.Argument(help="Two coders or more; everybody who has coded when none is named. `rules` and `model` too."),
]


@coding.command()
def sample() -> None:
    """The stratified sample of reports: what there is, what was drawn, what is missing of what the study wants."""
    with _coding() as work:
        typer.echo(work.achieved().to_string(index=False))


@coding.command()
def status() -> None:
    """How far the coding is: recommendations coded by two, by one, and agreed."""
    with _coding() as work:
        typer.echo(work.progress().text())


@coding.command()
def draw(
    coders: Annotated[list[str], typer.Argument(help="Who codes: plain names.")],
    items: Annotated[int, typer.Option("--items", min=1, help="How many recommendations.")] = 1000,
    twice: Annotated[int, typer.Option("--twice", min=0, max=100, help="Per cent of them that two coders get.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Of chance: the same seed draws the same.")] = 1,
    out: Out = Path("coding_sheets"),
    blind: Blind = False,
) -> None:
    """Draw recommendations that nobody has coded, by framework, judgement and uncertainty; write each coder's sheet."""
    with _coding() as work:
        drawn, books = work.draw(coders, items, out, twice=twice / 100, seed=seed, blind=blind)
    counted = ("there", "drawn", "twice")
    rows = [[*stratum, *counts] for stratum, counts in drawn.strata.items()]
    typer.echo(text_table(("framework", "judgement", "themes", *counted), rows, right=counted, fit=True))
    typer.echo(f"Drew {drawn.size} recommendations, {len(drawn.twice)} of them for two coders.")
    for book, (coder, keys) in zip(books, drawn.of.items(), strict=True):
        typer.echo(f"{coder}: {len(keys)} in {book} (and {book.with_suffix('.csv').name})")


@coding.command()
def export(coder: Coder, sample: Sample = "study", out: Out = Path("coding_sheets"), blind: Blind = False) -> None:
    """Write a coder's sheet of a whole sample, as a workbook with drop-downs and as csv."""
    with _coding() as work:
        book = work.export(coder, sample, out, blind=blind)
    typer.echo(f"Wrote {book} and {book.with_suffix('.csv').name}")


@coding.command("import")
def import_(
    sheets: Annotated[list[Path], typer.Argument(help="Filled-in sheets (.xlsx, .ods, .csv) of one coder or several.")],
    coder: Annotated[str | None, typer.Option("--coder", help="Whose; whom each sheet names when not given.")] = None,
) -> None:
    """Check filled-in sheets and keep each as its coder's next version; a sheet with a problem keeps no other back."""
    from flows.common.errors import CswError

    with _coding() as work:
        taken = work.take(sheets, coder)
    for one in (t for t in taken if t.kept):
        typer.echo(
            f"{one.sheet.name}: kept {one.count} items coded by {one.coder} as {one.kept}; {one.blank} left blank."
        )
    if any(t.kept for t in taken):
        typer.echo("The next `csw run` takes them in.")
    problems = [t.problem for t in taken if t.problem]
    if problems:
        raise CswError("\n".join(problems))


@coding.command()
def agreement(coders: Coders = None) -> None:
    """Cohen's kappa per theme and pooled, Krippendorff's alpha, percent agreement and the confusion of themes."""
    with _coding() as work:
        typer.echo(work.agreement(coders or ()).text())


@coding.command()
def disagreements(
    coders: Coders = None,
    out: Out = Path("coding_sheets"),
    twice_only: Annotated[bool, typer.Option("--twice-only", help="Without what one coder alone has coded.")] = False,
) -> None:
    """List what is to be settled, and write the sheet on which it is; import it as coder `agreed`."""
    from flows.outputs.coding import listed

    with _coding() as work:
        book, differing, others = work.disagreements(coders or (), out, alone=not twice_only)
    if differing:
        typer.echo(listed(differing))
    typer.echo(f"Wrote {book}: {len(differing)} items to settle, then {others} filled in, to be looked over.")


@coding.command()
def model() -> None:
    """Train a model on the agreed coding, as one more coder; says what is missing where too little is agreed."""
    with _coding() as work:
        learned, found, rules, kept = work.model()
    few = ", ".join(f"{theme} ({n})" for theme, n in learned.too_few.items())
    typer.echo(
        f"Learned {len(learned.themes)} themes from {len(learned.held_out)} agreed items and coded "
        f"{len(learned.others)} others: {kept}.\nToo few agreed items to learn: {few or 'none'}.\n"
        f"Agreement on the agreed items, each report held out:\n{found.text()}\n"
        f"The rules on the same items, pooled: {rules.pooled()}"
    )


@contextmanager
def _coding() -> Iterator[Coding]:
    from flows.common.errors import CswError
    from flows.common.settings import Settings
    from flows.documents.themes.codings import CodingError
    from flows.outputs.coding import Coding
    from flows.warehouse.publish import open_published

    settings = Settings()
    with open_published(settings) as con:
        try:
            yield Coding(settings, con)
        except CodingError as exc:
            raise CswError(str(exc)) from exc
