from collections.abc import Callable
from threading import Condition, Lock
from types import GenericAlias
from typing import Any, ClassVar, Generic, SupportsIndex, TypeVar, final

from typing_extensions import Self, disjoint_base

def cpu_count() -> int: ...
def get_num_threads() -> int: ...
def set_num_threads(n: int | None, /) -> None: ...
def isa() -> str: ...

# integrate.c
def _integrate(
    f: object,
    a: object,
    b: object,
    n: int,
    rule: int,
    order: int,
    args: tuple[Any, ...],
    params: object,
    n_params: int,
    n_out: int,
    flags: int,
    out: object,
    workers: object,
    deadline: float,
    /,
) -> Any: ...
def _cubature(
    f: object,
    args: tuple[Any, ...],
    limits: tuple[Any, ...],
    n_out: int,
    flags: int,
    epsabs: float,
    epsrel: float,
    max_eval: int,
    kind: int,
    n_probe: int,
    workers: object,
    deadline: float,
    /,
) -> tuple[Any, Any, int, int, int, bool, int]: ...
def _cubature_points(kind: int, n_dim: int, /) -> int: ...
def _mcquad(
    f: object,
    args: tuple[Any, ...],
    limits: tuple[Any, ...],
    n_out: int,
    flags: int,
    n: int,
    method: int,
    seed: int,
    adapt: bool,
    progress: object,
    workers: object,
    deadline: float,
    /,
) -> tuple[Any, Any, int, int, int, float, int, int, bool]: ...
def _quad(
    f: object,
    a: object,
    b: object,
    epsabs: float,
    epsrel: float,
    limit: int,
    density: int,
    points: object,
    args: tuple[Any, ...],
    params: object,
    n_params: int,
    n_out: int,
    flags: int,
    out: object,
    workers: object,
    deadline: float,
    weight: tuple[int, float, float, float, bool, bool] | None,
    tanh_sinh: bool,
    /,
) -> Any: ...
def _integrate_samples(
    rule: int,
    y: object,
    x: object,
    n: int,
    dx: float,
    out: object,
    workers: object,
    deadline: float,
    /,
) -> None: ...
def _quick_setup(
    entries: dict[tuple[Any, ...], tuple[Any, ...]],
    ndim_entries: dict[tuple[Any, ...], tuple[Any, ...]],
    result_type: type,
    /,
) -> None: ...

@final
class _Shortcut:
    def __new__(
        cls, function: Callable[..., Any], finish: Callable[..., Any] | None = None, /
    ) -> Self: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def __get__(self, instance: object, owner: type | None = None, /) -> Any: ...
    def __reduce__(self) -> str: ...
    def _short(self, *args: Any, **kwargs: Any) -> Any: ...

def _gauss_legendre(order: int, /) -> tuple[tuple[float, ...], tuple[float, ...]]: ...
def _capsule(capsule: object, /) -> tuple[int, str | None, int]: ...

@disjoint_base
class Net:
    def predict(self, batch: Any, /, *more: Any) -> Any: ...
    def close(self) -> None: ...
    def trim(self) -> None: ...
    def _setup(
        self,
        plan: Any,
        weights: Any,
        in_shape: tuple[int, ...] | None,
        out_shape: tuple[int, ...] | None,
        workers: Any,
        engine: int,
        /,
    ) -> None: ...
    def _run(self, items: int, inputs: tuple[Any, ...], output: Any, /) -> None: ...
    def _profile(
        self, items: int, inputs: tuple[Any, ...], output: Any, /
    ) -> list[tuple[str, float, int]]: ...
    def _steps(self) -> tuple[list[tuple[str, float, int]], int, int]: ...
    def _export(self, weights: Any, /) -> None: ...

def blas_load(path: str, prefix: str, /) -> None: ...
def blas_config() -> str | None: ...
def fma_peak() -> float: ...

_T = TypeVar("_T")

@disjoint_base
class Queue(Generic[_T]):
    maxsize: int
    unfinished_tasks: int
    is_shutdown: bool
    queue: Any  # a deque; a list for the other two
    mutex: Lock
    not_empty: Condition
    not_full: Condition
    all_tasks_done: Condition
    def __init__(self, maxsize: int = 0) -> None: ...
    def put(self, item: _T, block: bool = True, timeout: float | None = None) -> None: ...
    def get(self, block: bool = True, timeout: float | None = None) -> _T: ...
    def put_nowait(self, item: _T) -> None: ...
    def get_nowait(self) -> _T: ...
    def task_done(self) -> None: ...
    def join(self) -> None: ...
    def qsize(self) -> int: ...
    def empty(self) -> bool: ...
    def full(self) -> bool: ...
    def shutdown(self, immediate: bool = False) -> None: ...
    def _init(self, maxsize: int, /) -> None: ...
    def _qsize(self) -> int: ...
    def _put(self, item: _T, /) -> None: ...
    def _get(self) -> _T: ...
    @classmethod
    def __class_getitem__(cls, item: Any, /) -> GenericAlias: ...

class LifoQueue(Queue[_T]): ...
class PriorityQueue(Queue[_T]): ...

@disjoint_base
class Counter:
    value: int
    def __new__(cls, value: SupportsIndex = 0) -> Self: ...
    def increment(self, n: SupportsIndex = 1) -> int: ...
    def decrement(self, n: SupportsIndex = 1) -> int: ...
    def reset(self, value: SupportsIndex = 0) -> int: ...
    def __int__(self) -> int: ...
    def __index__(self) -> int: ...
    def __float__(self) -> float: ...
    def __bool__(self) -> bool: ...
    def __iadd__(self, n: SupportsIndex, /) -> Self: ...
    def __isub__(self, n: SupportsIndex, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __lt__(self, other: int | Counter, /) -> bool: ...
    def __le__(self, other: int | Counter, /) -> bool: ...
    def __gt__(self, other: int | Counter, /) -> bool: ...
    def __ge__(self, other: int | Counter, /) -> bool: ...
    def __format__(self, format_spec: str, /) -> str: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

# words.c
def _count_words(lines: object, sep: object, lower: bool, workers: object, /) -> Any: ...

# kernel_type.c
OPCODES: dict[str, tuple[int, str, str]]

@final
class Val:
    def __new__(
        cls,
        op: str,
        type: str,
        args: tuple[Val, ...] = (),
        uniform: bool = False,
        imm: int = 0,
        mask: Val | None = None,
        payload: Any = None,
        line: int = 0,
    ) -> Self: ...
    @property
    def type(self) -> str: ...
    @property
    def args(self) -> tuple[Val, ...]: ...
    op: str
    mask: Val | None
    payload: Any
    home: Any
    assigns: Any
    imm: int
    line: int
    uniform: bool

@disjoint_base
class BuilderBase:
    fl: str
    masked: frozenset[str]
    body: list[Any]
    block: list[Any]
    home: Any
    scope: dict[Any, Val]
    scopes: list[dict[Any, Val]]
    consts: dict[Any, Val]
    line: int
    n_instructions: int
    limit: int
    def and_(self, x: Val | bool, y: Val | bool, /) -> Val | bool: ...
    def or_(self, x: Val | bool, y: Val | bool, /) -> Val | bool: ...
    def not_(self, x: Val | bool, /) -> Val | bool: ...
    def andn(self, x: Val | bool, y: Val | bool, /) -> Val | bool: ...
    def emit(
        self,
        op: str,
        type: str,
        args: tuple[Val, ...],
        /,
        imm: int = 0,
        mask: Val | bool | None = None,
    ) -> Val: ...
    def append(self, val: Val, /) -> Val: ...
    def known(self, value: float, type: str, /) -> Val: ...
    def binary(self, op: str, x: Any, y: Any, /) -> Any: ...

def _pack(
    body: list[Any],
    inputs: list[Any],
    outputs: list[Any],
    tables: bytes,
    opcodes: dict[str, int],
    flags: int,
    end: int,
    /,
) -> tuple[bytes, list[Any]] | None: ...
def _read_code(
    function: Any, n: int, args: tuple[Any, ...] | None = None, point: bool = False, /
) -> tuple[bytes, list[tuple[str, Any, Any, Any]], bool, bool, int] | None: ...
def _learn(
    entries: dict[tuple[Any, ...], tuple[Any, ...]],
    function: Any,
    n: int,
    args: tuple[Any, ...] | None = None,
    point: bool = False,
    /,
) -> bool: ...
def _set_reader(tables: tuple[Any, ...], /) -> None: ...
def _quick_holds(
    entries: dict[tuple[Any, ...], tuple[Any, ...]], f: object, n_inputs: int, /
) -> bool: ...

STATUS: dict[str, int]

@disjoint_base
class KernelBase:
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
    def _remember(self, signature: str, program: Program, deps: Any, /) -> bool: ...

@final
class Program:
    def __new__(cls, program: bytes) -> Self: ...
    def map(
        self,
        inputs: tuple[Any, ...],
        outputs: tuple[Any, ...] | None = None,
        tables: tuple[Any, ...] = (),
        workers: object = None,
        max_iterations: int = 0,
    ) -> tuple[Any, ...]: ...
    def scalar(self, /, *args: Any) -> Any: ...
    def reduce(
        self,
        kind: str,
        inputs: tuple[Any, ...],
        tables: tuple[Any, ...] = (),
        workers: object = None,
        max_iterations: int = 0,
    ) -> Any: ...
    def disassemble(self, /) -> str: ...
    def __reduce__(self, /) -> tuple[type[Program], tuple[bytes]]: ...
    @property
    def inputs(self) -> str: ...
    @property
    def outputs(self) -> str: ...
    @property
    def n_tables(self) -> int: ...
    @property
    def program(self) -> bytes: ...

# tasks_module.c, future_type.c, pool_type.c, wait_many.c
def _is_main_interpreter() -> bool: ...
def _tasks_setup(breath: Callable[[], None], /) -> tuple[Any, Any, Any, Any, Any]: ...
def _tasks_wait(
    futures: list[Any], timeout: float | None, mode: int, /
) -> tuple[set[Any], set[Any]]: ...
def _tasks_after_fork() -> None: ...
def _tasks_pool_setup(async_result: type, map_result: type, /) -> Any: ...

# vmath_debug.c
def _vmath_eval(name: str, isa: str, out: Any, a: Any, b: Any = None, /) -> None: ...

# thunk.c
def _native_callable(program: Program, form: str, /) -> object: ...
def _capsule_addresses(capsule: object, /) -> tuple[int, int]: ...

# native_map.c
def _map_native(
    f: tuple[int, int, int, int, object],
    inputs: tuple[object, ...],
    out: object,
    workers: object,
    /,
) -> Any: ...
