from typing import Any

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
def _gauss_legendre(order: int, /) -> tuple[tuple[float, ...], tuple[float, ...]]: ...
def _capsule(capsule: object, /) -> tuple[int, str | None, int]: ...
