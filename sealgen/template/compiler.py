"""What Jinja2 compiles templates to: stand-ins stay whole, pieces keep their place, and work is counted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame, operators

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2.bccache import Bucket


_CODE = 512  # characters of the Python that a body is compiled to which are worth a step


class Compiler(CodeGenerator):
    """Output statements yield what they print as it is, with its place; ``~`` takes stand-ins.

    These are the hooks that Jinja2's own native types use.
    """

    @staticmethod
    def _default_finalize(value: Any) -> Any:
        return value

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> Any:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return (self.filename, node.lineno, node.data, True)

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        return repr(tuple(group))

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write(f"(({self.filename!r}, {node.lineno}, {finalize.src}")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write("), False),)")

    def start_write(self, frame: Frame, node: nodes.Node | None = None) -> None:
        """Begin what a filter block or a call block writes."""
        super().start_write(frame, node)
        self.write(f"(({self.filename!r}, {node.lineno if node else 0}, environment.finalize(")

    def end_write(self, frame: Frame) -> None:
        """End what ``start_write`` began."""
        self.write("), False),)")
        super().end_write(frame)

    def simple_write(self, s: str, frame: Frame, node: nodes.Node | None = None) -> None:
        """Pass on what an inner block or an included template wrote: it has its place already."""
        super().start_write(frame, node)
        self.write(s)
        super().end_write(frame)

    def blockvisit(self, nodes: Iterable[nodes.Node], frame: Frame) -> None:
        """Run a body; each time is a step or, if it is long, more, so that no loop and no recursion is without end."""
        self.writeline("environment.steps.spend()")
        before = self.stream.tell()
        super().blockvisit(nodes, frame)
        if more := (self.stream.tell() - before) // _CODE:
            self.writeline(f"environment.steps.spend({more})")

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802
        """Loop; an item that the loop's condition leaves out is a step, too."""
        if node.test is not None:
            # Jinja2 writes the name as it is.
            step = nodes.EnvironmentAttribute("step()", lineno=node.test.lineno)
            node.test = nodes.And(step, node.test, lineno=node.test.lineno)
        super().visit_For(node, frame)

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:  # noqa: N802
        """Write a constant; Python would take the infinity that a number may be for a name."""
        if node.value in (math.inf, -math.inf):
            self.fail("a number is too large", node.lineno)
        super().visit_Const(node, frame)

    def _visit_weighed(self, node: nodes.Node, frame: Frame) -> None:
        self.write("environment.weighed(")
        self.visit(node, frame)
        self.write(")")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802
        """Compare; Python goes through all of both sides."""
        self.write("(")
        self._visit_weighed(node.expr, frame)
        for operand in node.ops:
            self.write(f" {operators[operand.op]} ")
            self._visit_weighed(operand.expr, frame)
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802
        """Make a mapping; Python goes through all of a key."""
        self.write("{")
        for item in node.items:
            self._visit_weighed(item.key, frame)
            self.write(": ")
            self.visit(item.value, frame)
            self.write(", ")
        self.write("}")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802
        """Take an item, or a slice, which Python copies."""
        if not isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self._visit_weighed(node.node, frame)
        self.write("[")
        self.visit(node.arg, frame)
        self.write("]")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802  (Jinja2's name)
        """Join the operands of ``~``."""
        self.write("environment.joined((")
        for operand in node.nodes:
            self.visit(operand, frame)
            self.write(", ")
        self.write("))")

    def visit_Assign(self, node: nodes.Assign, frame: Frame) -> None:  # noqa: N802
        """Assign; the line is noted before Jinja2 writes its first check."""
        self.newline(node)
        super().visit_Assign(node, frame)

    def visit_Include(self, node: nodes.Include, frame: Frame) -> None:  # noqa: N802
        """Include a template; Jinja2 lets one without context escape from macros and filter blocks."""
        if not node.with_context:
            self.fail("an include 'without context' would see no values; leave that out", node.lineno)
        super().visit_Include(node, frame)

    def visit_ScopedEvalContextModifier(  # noqa: N802
        self, node: nodes.ScopedEvalContextModifier, frame: Frame
    ) -> None:
        """Refuse HTML."""
        self.fail("autoescape is for HTML, and this is YAML", node.lineno)


_MOST_CODES = 2000


class Compiled(jinja2.BytecodeCache):
    """Keeps what templates are compiled to, by their text: in memory, for the environments of one run."""

    _codes: ClassVar[dict[tuple[str, str], Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what a text was compiled to, if it is known."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what a text was compiled to."""
        if len(self._codes) >= _MOST_CODES:
            self._codes.clear()
        self._codes[bucket.key, bucket.checksum] = bucket.code
