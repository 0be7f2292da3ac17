"""The agent as one file: its modules as a program that Python runs as it is (PEP 441).

User data is small and nodes do not read documentation: docstrings, comments and annotations stay here. The
same modules always make the same bytes.
"""

import ast
import io
import re
import zipfile
from importlib import resources

PACKAGE = "burstway_agent"
MAIN = f"import sys\nfrom {PACKAGE}.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"
TYPING_GUARD = "MYPY"
_BEGINNING = (1980, 1, 1, 0, 0, 0)  # the earliest time that the format can hold


def agent_archive() -> bytes:
    """Not compressed: the user data that holds it is, as a whole, and that is smaller."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py", _BEGINNING), MAIN)
        for name, source in sorted(sources().items()):
            archive.writestr(zipfile.ZipInfo(f"{PACKAGE}/{name}", _BEGINNING), squeeze(source))
    return packed.getvalue()


def sources() -> dict[str, str]:
    """The agent's modules by file name."""
    folder = resources.files("burstway.agent.node")
    return {
        file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".py")
    }


def squeeze(source: str) -> str:
    """The module without what only people and type checkers read."""
    text = ast.unparse(ast.fix_missing_locations(_Squeeze().visit(ast.parse(source))))
    return re.sub(r"(?m)^(?: {4})+", lambda depth: " " * (len(depth[0]) // 4), text) + "\n"


class _Squeeze(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == TYPING_GUARD:
            return None
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        (target, *_) = node.targets
        return None if isinstance(target, ast.Name) and target.id == TYPING_GUARD else node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return ast.Assign([node.target], node.value) if node.value is not None else None

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._with_body(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._with_body(node)

    def _with_body(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node
