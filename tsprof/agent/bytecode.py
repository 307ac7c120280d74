"""Go through a function's bytecode with symbols instead of values.

Bytecode is what runs and needs no source, and going through it runs nothing of the target. Each
code object is gone through once, from front to back; jumps carry the stack to their targets. What
is not understood is the symbol None. What symbols mean is the reader's business (``meaning``).
"""

from __future__ import annotations

import dis
import sys
import types

TYPE_CHECKING = False  # typing itself would be imported into the target
if TYPE_CHECKING:
    from typing import Any

    Decoded = dict[types.CodeType, list[dis.Instruction]]

NULL = ("null",)
_CALL_SLOTS = sys.version_info >= (3, 11)  # a call takes a callable and self, or a NULL
_NULL_FIRST = sys.version_info < (3, 13)
_QUIET = frozenset(
    {
        "CACHE", "COPY_FREE_VARS", "DELETE_FAST", "EXTENDED_ARG", "KW_NAMES", "MAKE_CELL", "NOP",
        "NOT_TAKEN", "POP_TOP", "PRECALL", "RESUME", "SETUP_LOOP", "TO_BOOL",
    }
)  # fmt: skip
_ENDS = ("JUMP", "RAISE", "RERAISE", "RETURN")
_SYMBOLS_FOR_BINARY = {"ADD": "+", "SUBTRACT": "-", "MULTIPLY": "*", "FLOOR_DIVIDE": "//"}


def lines_mentioning(code: types.CodeType, name: str, operation: str = "") -> list[int]:
    """Return the lines of a code object, and of those within, that mention a name.

    Args:
        code: to be read.
        name: of whatever kind.
        operation: in which it must be, such as ``STORE_ATTR``; empty for any.
    """
    line, found = code.co_firstlineno, []
    for instruction in dis.get_instructions(code):
        line = _line_of(instruction) or line
        if operation in ("", instruction.opname) and instruction.argval == name:
            found.append(line)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found += lines_mentioning(constant, name, operation)
    return found


class Machine:
    """Goes through one code object, and through those that it defines."""

    def __init__(self, meaning: Any, names: dict[str, Any], decoded: Decoded) -> None:
        """Prepare to run.

        Args:
            meaning: The reader; see ``meaning.Reader`` for the methods that it has.
            names: Symbols of the local variables.
            decoded: Instructions by code object, for those who read the same code again.
        """
        self._meaning = meaning
        self._decoded = decoded
        self._names = names
        self._stack: list[Any] = []
        self._waiting: dict[int, list[Any]] = {}
        self._alive = True
        self._before_target: dict[int, dis.Instruction] = {}
        self._end = 0

    def run(self, code: types.CodeType) -> None:
        """Go through a code object from front to back."""
        instructions = self._decoded.get(code)
        if instructions is None:
            instructions = self._decoded[code] = list(dis.get_instructions(code))
        self._end = instructions[-1].offset + 2
        for index, instruction in enumerate(instructions):
            if instruction.is_jump_target and index:
                self._before_target[instruction.offset] = instructions[index - 1]
        for instruction in instructions:
            self._step(instruction)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._run_inner(constant)

    def _run_inner(self, code: types.CodeType) -> None:
        """Go through a lambda, comprehension or local function, which sees the names around."""
        names = {k: v for k, v in self._names.items() if k not in code.co_varnames}
        names[".0"] = self._meaning.last_iterated
        with self._meaning.inside_another_function():
            Machine(self._meaning, names, self._decoded).run(code)

    def _step(self, instruction: dis.Instruction) -> None:
        meaning = self._meaning
        meaning.at = instruction.offset
        meaning.line = _line_of(instruction) or meaning.line
        waiting = self._waiting.pop(instruction.offset, None)
        if not self._alive:
            self._stack = waiting if waiting is not None else [None] * 8
            self._alive = True
        name = instruction.opname
        handler = getattr(self, "_do_" + name.lower(), None)
        if handler is not None:
            handler(instruction)
        elif "JUMP" in name:
            self._jump(instruction)
        elif name.startswith(("BINARY_", "INPLACE_")):
            self._do_binary_op(instruction)
        else:
            self._unknown(instruction)

    def _pop(self) -> Any:
        return self._stack.pop() if self._stack else None

    def _push(self, symbol: Any) -> None:
        self._stack.append(symbol)

    def _pop_many(self, count: int) -> list[Any]:
        return [self._pop() for _ in range(count)][::-1]

    def _unknown(self, instruction: dis.Instruction) -> None:
        effect = dis.stack_effect(instruction.opcode, instruction.arg, jump=False)
        self._pop_many(-effect)
        if effect <= 0 and self._stack and instruction.opname not in _QUIET:
            self._stack[-1] = None
        self._stack.extend([None] * effect)

    # -- jumps -----------------------------------------------------------------------------

    def _jump(self, instruction: dis.Instruction) -> None:
        name, target = instruction.opname, instruction.argval
        if "_IF_" not in name:
            self._waiting.setdefault(target, list(self._stack))
            self._alive = False
            return
        condition = self._stack[-1] if self._stack else None
        if name.endswith("_OR_POP"):
            self._waiting.setdefault(target, list(self._stack))
            self._pop()
        else:
            self._pop()
            self._waiting.setdefault(target, list(self._stack))
        if "NONE" in name:
            return
        if target > instruction.offset:
            self._branch(condition, instruction.offset, target, jumps_if="TRUE" in name)
        else:  # on to the loop's next round
            self._meaning.branch(condition, instruction.offset, self._end, truth="TRUE" not in name)

    def _branch(self, condition: Any, here: int, target: int, *, jumps_if: bool) -> None:
        """Tell the reader which offsets run only under a condition.

        Those up to the target do; those from it on do if the code before the target leaves.
        """
        self._meaning.branch(condition, here, target, truth=not jumps_if)
        before = self._before_target.get(target)
        if before is not None and before.opname.startswith(_ENDS) and "_IF_" not in before.opname:
            end = self._end
            if "JUMP" in before.opname and before.argval > target:
                end = before.argval
            self._meaning.branch(condition, target, end, truth=jumps_if)

    def _do_for_iter(self, instruction: dis.Instruction) -> None:
        effect = dis.stack_effect(instruction.opcode, instruction.arg, jump=True)
        left = self._stack[: len(self._stack) + min(effect, 0)] + [None] * effect
        self._waiting.setdefault(instruction.argval, left)
        self._push(self._meaning.element(self._stack[-1] if self._stack else None))

    def _do_return_value(self, _instruction: dis.Instruction) -> None:
        self._meaning.returned(self._pop())
        self._alive = False

    def _do_return_const(self, _instruction: dis.Instruction) -> None:
        self._alive = False

    def _do_raise_varargs(self, _instruction: dis.Instruction) -> None:
        self._alive = False

    _do_reraise = _do_raise_varargs

    # -- names and constants ---------------------------------------------------------------

    def _load(self, name: str) -> None:
        self._push(self._meaning.local(name, self._names.get(name)))

    def _store(self, name: str) -> None:
        self._names[name] = self._meaning.stored_local(name, self._pop())

    def _do_load_fast(self, instruction: dis.Instruction) -> None:
        for name in _names_of(instruction):
            self._load(name)

    _do_load_fast_check = _do_load_fast_borrow = _do_load_fast_and_clear = _do_load_fast
    _do_load_deref = _do_load_closure = _do_load_classderef = _do_load_fast
    _do_load_fast_load_fast = _do_load_fast_borrow_load_fast_borrow = _do_load_fast

    def _do_store_fast(self, instruction: dis.Instruction) -> None:
        for name in _names_of(instruction):
            self._store(name)

    _do_store_deref = _do_store_fast_store_fast = _do_store_fast

    def _do_store_fast_load_fast(self, instruction: dis.Instruction) -> None:
        stored, loaded = _names_of(instruction)
        self._store(stored)
        self._load(loaded)

    def _do_load_const(self, instruction: dis.Instruction) -> None:
        self._push(("constant", instruction.argval))

    _do_load_small_int = _do_load_const

    def _do_load_global(self, instruction: dis.Instruction) -> None:
        with_null = _CALL_SLOTS and instruction.arg is not None and instruction.arg & 1
        symbols = [self._meaning.name(instruction.argval)]
        if with_null:
            symbols.insert(0 if _NULL_FIRST else 1, NULL)
        self._stack += symbols

    def _do_load_name(self, instruction: dis.Instruction) -> None:
        self._push(self._meaning.name(instruction.argval))

    def _do_store_global(self, instruction: dis.Instruction) -> None:
        self._meaning.store_name(instruction.argval, self._pop())

    def _do_push_null(self, _instruction: dis.Instruction) -> None:
        self._push(NULL)

    # -- attributes and calls --------------------------------------------------------------

    def _do_load_attr(self, instruction: dis.Instruction) -> None:
        base = self._pop()
        as_method = sys.version_info >= (3, 12) and instruction.arg and instruction.arg & 1
        if as_method:
            self._load_method(base, instruction.argval)
        else:
            self._push(self._meaning.attribute(base, instruction.argval))

    def _do_load_method(self, instruction: dis.Instruction) -> None:
        self._load_method(self._pop(), instruction.argval)

    def _load_method(self, base: Any, name: str) -> None:
        self._push(("method", base, name))
        self._push(NULL)

    def _do_load_super_attr(self, instruction: dis.Instruction) -> None:
        self._pop_many(3)
        if instruction.arg is not None and instruction.arg & 1:
            self._load_method(("super",), instruction.argval)
        else:
            self._push(("method", ("super",), instruction.argval))

    def _do_store_attr(self, instruction: dis.Instruction) -> None:
        base = self._pop()
        self._meaning.store_attribute(base, instruction.argval, self._pop())

    def _do_call(self, instruction: dis.Instruction) -> None:
        arguments = self._pop_many(instruction.arg or 0)
        slots = self._pop_many(2)
        function = next((slot for slot in slots if slot not in (None, NULL)), None)
        self._push(self._meaning.call(function, arguments))

    _do_call_method = _do_call

    def _do_call_kw(self, instruction: dis.Instruction) -> None:
        self._pop()
        self._do_call(instruction)

    def _do_call_function(self, instruction: dis.Instruction) -> None:
        arguments = self._pop_many(instruction.arg or 0)
        self._push(self._meaning.call(self._pop(), arguments))

    def _do_call_function_kw(self, instruction: dis.Instruction) -> None:
        self._pop()
        self._do_call_function(instruction)

    def _do_precall(self, _instruction: dis.Instruction) -> None:
        return

    # -- operators -------------------------------------------------------------------------

    def _do_compare_op(self, instruction: dis.Instruction) -> None:
        left, right = self._pop_many(2)
        self._push(self._meaning.compare(str(instruction.argval), left, right))

    def _do_unary_not(self, _instruction: dis.Instruction) -> None:
        self._push(self._meaning.negated(self._pop()))

    def _do_unary_negative(self, _instruction: dis.Instruction) -> None:
        self._push(("negative", self._pop()))

    def _do_binary_op(self, instruction: dis.Instruction) -> None:
        left, right = self._pop_many(2)
        operator = instruction.argrepr
        if operator == "[]":
            self._push(self._meaning.subscript(left, right))
            return
        if not operator:
            named = instruction.opname.split("_", maxsplit=1)[1]
            operator = _SYMBOLS_FOR_BINARY.get(named, named)
        self._push(self._meaning.arithmetic(operator.rstrip("="), left, right))

    def _do_binary_subscr(self, _instruction: dis.Instruction) -> None:
        base, key = self._pop_many(2)
        self._push(self._meaning.subscript(base, key))

    def _do_build_slice(self, instruction: dis.Instruction) -> None:
        parts = self._pop_many(instruction.arg or 2)
        self._push(("slice", parts[0], parts[1]))

    def _do_binary_slice(self, _instruction: dis.Instruction) -> None:
        base, start, stop = self._pop_many(3)
        self._push(self._meaning.subscript(base, ("slice", start, stop)))

    def _do_store_slice(self, _instruction: dis.Instruction) -> None:
        value, base, start, stop = self._pop_many(4)
        self._meaning.store_item(base, ("slice", start, stop), value)

    def _do_store_subscr(self, _instruction: dis.Instruction) -> None:
        value, base, key = self._pop_many(3)
        self._meaning.store_item(base, key, value)

    def _do_delete_subscr(self, _instruction: dis.Instruction) -> None:
        base, key = self._pop_many(2)
        self._meaning.delete_item(base, key)

    def _do_get_iter(self, _instruction: dis.Instruction) -> None:
        self._meaning.iterate(self._stack[-1] if self._stack else None)

    def _do_unpack_sequence(self, instruction: dis.Instruction) -> None:
        parts = self._meaning.unpacked(self._pop(), instruction.arg or 0)
        self._stack.extend(reversed(parts))

    def _do_build_list(self, instruction: dis.Instruction) -> None:
        parts = self._pop_many(instruction.arg or 0)
        self._push(("built", tuple(parts)))

    _do_build_set = _do_build_tuple = _do_build_list

    def _do_build_map(self, instruction: dis.Instruction) -> None:
        parts = self._pop_many(2 * (instruction.arg or 0))
        self._push(("built", tuple(parts)))

    # -- the stack itself ------------------------------------------------------------------

    def _do_dup_top(self, _instruction: dis.Instruction) -> None:
        self._push(self._stack[-1] if self._stack else None)

    def _do_dup_top_two(self, _instruction: dis.Instruction) -> None:
        two = self._pop_many(2)
        self._stack += two + two

    def _do_copy(self, instruction: dis.Instruction) -> None:
        depth = instruction.arg or 1
        self._push(self._stack[-depth] if depth <= len(self._stack) else None)

    def _do_swap(self, instruction: dis.Instruction) -> None:
        depth = instruction.arg or 1
        if depth <= len(self._stack):
            stack = self._stack
            stack[-1], stack[-depth] = stack[-depth], stack[-1]

    def _rotate(self, depth: int) -> None:
        top = self._pop()
        self._stack.insert(max(len(self._stack) - depth + 1, 0), top)

    def _do_rot_two(self, _instruction: dis.Instruction) -> None:
        self._rotate(2)

    def _do_rot_three(self, _instruction: dis.Instruction) -> None:
        self._rotate(3)

    def _do_rot_four(self, _instruction: dis.Instruction) -> None:
        self._rotate(4)


def _names_of(instruction: dis.Instruction) -> tuple[str, ...]:
    value = instruction.argval
    return value if isinstance(value, tuple) else (value,)


def _line_of(instruction: dis.Instruction) -> int | None:
    line = getattr(instruction, "line_number", None)  # Python 3.13
    if line is None and not isinstance(instruction.starts_line, bool):
        line = instruction.starts_line
    return line
