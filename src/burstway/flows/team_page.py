"""The same table as a page: one file, no script, nothing fetched; for a screen, light or dark, and for paper.

Jinja2 escapes every value. What is printed has black on white and repeats the headings on each sheet.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from jinja2 import Environment, StrictUndefined

from burstway.flows.team import HEADINGS, TeamRow, Way

_PAGE = """\
{% macro items(cell) %}
{% for item in cell.split(", ") %}<span class="item">{{ item }}</span>{{ ", " if not loop.last }}{% endfor %}
{% endmacro %}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #59636e; --paper: #fff; --band: #f6f8fa;
  --line: #d1d9e0; --accent: #0a5cb8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --quiet: #9198a1; --paper: #0d1117;
  --band: #151b23; --line: #3d444d; --accent: #79b8ff; } }
* { box-sizing: border-box; }
body { margin: 2rem auto; padding: 0 1.5rem; max-width: 110rem; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .4rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
p { margin: 0; max-width: 60rem; color: var(--quiet); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th, td { padding: .5rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line);
  min-width: 5.5rem; }
th { background: var(--band); white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
tbody tr:nth-child(even) { background: var(--band); }
.mono { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; font-size: .82rem;
  white-space: nowrap; }
.wide { min-width: 16rem; }
.item { white-space: nowrap; }
.source { min-width: 12rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0 0 .8rem; }
dt { color: var(--quiet); }
dd { margin: 0; }
a { color: var(--accent); }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  :root { color-scheme: light; --ink: #000; --quiet: #333; --paper: #fff; --band: #f2f2f2; --line: #999;
    --accent: #000; }
  body { margin: 0; padding: 0; max-width: none; font-size: 9pt; }
  .scroll { overflow: visible; border-radius: 0; }
  table { font-size: 7.5pt; }
  .mono { font-size: 7pt; }
  th, td { padding: 2pt 3pt; min-width: 0; }
  .wide, .source { min-width: 0; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  a { text-decoration: none; }
}
</style>
</head>
<body>
<h1>{{ title }}</h1>
{% if about %}
<dl>
{% for what, value in about.items() %}
<dt>{{ what }}</dt><dd>{{ value }}</dd>
{% endfor %}
</dl>
{% endif %}
<p>Each row is a connection that must be possible, with who opens it and why. Answers travel back on the same
connection and need no rule of their own. Directions are as the site's firewall sees them.</p>
{% for direction, rows in directions.items() %}
<h2>{{ direction[0] | upper }}{{ direction[1:] }}</h2>
<div class="scroll">
<table>
<thead><tr>{% for heading in headings %}<th scope="col">{{ heading }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows %}
<tr>
<td class="mono">{{ row.name }}</td>
<td>{{ items(row.source) }}</td>
<td>{{ items(row.target) }}</td>
<td class="mono">{{ row.protocol }}</td>
<td class="mono">{{ row.ports }}</td>
<td class="wide">{{ row.purpose }}</td>
<td class="wide">{{ row.when }}</td>
<td class="source">{% if row.document.startswith("https://") %}
<a href="{{ row.document }}">{{ row.document }}</a>{% else %}{{ row.document }}{% endif %}</td>
</tr>
{% endfor %}
</tbody>
</table>
</div>
{% else %}
<p>Nothing crosses the site's firewall.</p>
{% endfor %}
</body>
</html>
"""

_COLUMNS = tuple(heading for heading in HEADINGS if heading != "Direction")
"""The direction is a heading over the rows."""


def render_html(rows: Iterable[TeamRow], title: str, about: Mapping[str, str] = MappingProxyType({})) -> str:
    """`about` stands under the title, as terms with what they are."""
    rows = list(rows)
    directions = {
        way.value: [row for row in rows if row.direction == way.value]
        for way in Way
        if any(row.direction == way.value for row in rows)
    }
    page = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    return page.from_string(_PAGE).render(title=title, about=about, headings=_COLUMNS, directions=directions)
