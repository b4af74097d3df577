# SPDX-License-Identifier: BSD-3-Clause
"""``python -m fastconc COMMAND``: the command line of the package."""

import argparse
import sys
import time
from collections.abc import Sequence


def _integrate(options: argparse.Namespace) -> int:
    import fastconc
    from fastconc._expression import parse

    try:
        f = parse(options.formula, "x")
        a, b = (float(parse(limit)()) for limit in (options.a, options.b))
        begin = time.perf_counter()
        result = fastconc.integrate(f, a, b, options.n, rule=options.rule, workers=options.workers)
    except (ValueError, TypeError, ArithmeticError) as error:
        print(f"fastconc integrate: {error}", file=sys.stderr)
        return 2
    seconds = time.perf_counter() - begin
    print(f"Numerical solution with N={options.n} : {result:.6f}")
    print(f"Time, compiling included: {1e3 * seconds:.3f} ms")
    return 0


def _info(_options: argparse.Namespace) -> int:
    from fastconc._runtime import show_config

    show_config()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fastconc", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    integrate = commands.add_parser("integrate", help="integrate a formula in x with a fixed rule")
    integrate.add_argument("formula", help='such as "x**2" or "sin(x)*exp(-x)"')
    integrate.add_argument("a", help="lower limit, a number or a formula such as pi/2")
    integrate.add_argument("b", help="upper limit")
    integrate.add_argument("-n", type=int, default=10**7, help="number of panels (default 10**7)")
    integrate.add_argument(
        "--rule", default="left", help="left, right, midpoint, trapezoid, simpson, ..."
    )
    integrate.add_argument("--workers", type=int, default=None, help="threads (default: all cores)")
    integrate.set_defaults(run=_integrate)

    info = commands.add_parser("info", help="print version, instruction set and cores")
    info.set_defaults(run=_info)

    # The rest of their command lines is read by the modules that do the work.
    commands.add_parser("bench", help="the three main jobs beside their peers", add_help=False)
    commands.add_parser("classify", help="tell what is in photos", add_help=False)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["bench"]:
        from fastconc.bench import main as bench

        return bench(arguments[1:])
    if arguments[:1] == ["classify"]:
        from fastconc.classify.cli import main as classify

        return classify(arguments[1:])
    options = _parser().parse_args(arguments)
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())
