"""`burstway cluster`: templates in, clusters out."""

from typing import Annotated

import typer

from burstway.cli import cluster_check, cluster_format, cluster_import, cluster_parameters
from burstway.cli.asking import client, complete_cluster, complete_template, segment
from burstway.cli.cluster_input import AsJson
from burstway.cli.cluster_words import cluster_tables, compact, json_text
from burstway.cli.output import bold, console, print_json, table

app = typer.Typer(no_args_is_help=True, help="Clusters, described by templates in CycleCloud's syntax.")
Name = Annotated[str, typer.Argument(autocompletion=complete_cluster)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

cluster_import.register(app)


@app.command("list")
def list_clusters(json: AsJson = False) -> None:
    """All clusters and their node arrays."""
    with client() as asked:
        clusters = asked.get("/v1/clusters")
    if json:
        print_json(clusters)
        return
    rows = [
        (c["name"], a["name"], a["machine_type"], str(a["most_nodes"]), a["partition"])
        for c in clusters
        for a in c["arrays"]
    ]
    console.print(table(("CLUSTER", "ARRAY", "MACHINE TYPE", "MOST NODES", "PARTITION"), rows))


@app.command("show")
def show(
    name: Name,
    template: Annotated[bool, typer.Option("--template", help="Print the template it came from.")] = False,
    json: AsJson = False,
) -> None:
    """One cluster: its arrays and nodes with all that their template says of them."""
    with client() as asked:
        cluster = asked.get(f"/v1/clusters/{segment(name)}")
    if json:
        print_json(cluster)
    elif template:
        typer.echo(cluster["template"], nl=False)
    else:
        for title, made in cluster_tables(cluster):
            console.print(bold(title))
            console.print(made)
        if values := cluster["parameters"]:
            console.print(bold("given values"))
            console.print(compact(("PARAMETER", "VALUE"), ((key, json_text(values[key])) for key in values)))


@app.command("delete")
def delete(name: Name, yes: Yes = False) -> None:
    """Forget a cluster that has no nodes. Its nodes' stories and costs stay."""
    if not yes:
        typer.confirm(f"forget the cluster {name}?", abort=True)
    with client() as asked:
        asked.delete(f"/v1/clusters/{segment(name)}")
    console.print(f"cluster {name}: deleted")


@app.command("templates")
def list_templates(json: AsJson = False) -> None:
    """The templates that were imported with -t, to make clusters of."""
    with client() as asked:
        templates = asked.get("/v1/templates")
    if json:
        print_json(templates)
        return
    rows = (
        (t["name"], t["template_cluster"] or "", str(t["lines"]), t["file"],
         ", ".join(t["parameters"]))
        for t in templates
    )  # fmt: skip
    console.print(table(("TEMPLATE", "CLUSTER", "LINES", "FILE", "VALUES"), rows))


@app.command("delete-template")
def delete_template(
    name: Annotated[str, typer.Argument(autocompletion=complete_template)], yes: Yes = False
) -> None:
    """Forget a template. Clusters that were made of it stay."""
    if not yes:
        typer.confirm(f"forget the template {name}?", abort=True)
    with client() as asked:
        asked.delete(f"/v1/templates/{segment(name)}")
    console.print(f"template {name}: deleted")


cluster_parameters.register(app)
cluster_check.register(app)
cluster_format.register(app)
