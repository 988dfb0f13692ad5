"""``csw coding``: people code recommendations, and the agreed coding stands in the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from flows.outputs.coding import Coding

coding = typer.Typer(
    name="coding", help="People code recommendations: sheets out, codings in, agreement.", no_args_is_help=True
)

Coder = Annotated[str, typer.Option("--coder", help="A plain name; `agreed` for what was resolved.")]
Sample = Annotated[str, typer.Option("--sample", help="study (the stratified sample), corpus, or a framework.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the sheets.")]
Coders = Annotated[list[str], typer.Argument(help="Two coders or more; `rules` is the first coder of the project.")]


@coding.command()
def sample() -> None:
    """The stratified sample: what there is, what was drawn, what is missing of what the study wants."""
    with _coding() as work:
        typer.echo(work.achieved().to_string(index=False))


@coding.command()
def export(
    coder: Coder,
    sample: Sample = "study",
    out: Out = Path("coding_sheets"),
    blind: Annotated[bool, typer.Option("--blind", help="Without the rules' suggestions.")] = False,
) -> None:
    """Write a coder's sheet, as a workbook with drop-downs and as csv."""
    with _coding() as work:
        book = work.export(coder, sample, out, blind=blind)
    typer.echo(f"Wrote {book} and {book.with_suffix('.csv').name}")


@coding.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The filled-in sheet, .xlsx or .csv.")],
    coder: Coder,
) -> None:
    """Check a filled-in sheet and keep it as that coder's next version."""
    with _coding() as work:
        kept, count, blank = work.take(file, coder)
    typer.echo(f"Kept {count} coded items as {kept}; {blank} left blank. The next `csw run` takes them in.")


@coding.command()
def agreement(coders: Coders) -> None:
    """Cohen's kappa per theme and pooled, Krippendorff's alpha, percent agreement and the confusion of themes."""
    with _coding() as work:
        typer.echo(work.agreement(coders).text())


@coding.command()
def disagreements(coders: Coders, out: Out = Path("coding_sheets")) -> None:
    """Write the sheet on which differences are resolved; import it as coder `agreed`."""
    with _coding() as work:
        book, differing, same = work.disagreements(coders, out)
    typer.echo(f"Wrote {book}: {differing} items to resolve, then {same} on which all agree.")


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
