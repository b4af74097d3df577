# SPDX-License-Identifier: BSD-3-Clause
"""``python -m fastconc COMMAND``: the command line of the package."""


def main() -> int:
    from fastconc._runtime import show_config

    show_config()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
