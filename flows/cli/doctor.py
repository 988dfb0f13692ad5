import typer
verbs = typer.Typer()
