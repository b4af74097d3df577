# SPDX-License-Identifier: BSD-3-Clause
"""Build of the one extension module, fastconc._core.

Everything that is not C is told in pyproject.toml. This file adds what setuptools lacks: flags per
instruction set (chosen by the file's name), and a compile step that is parallel and incremental.

Environment: FASTCONC_WERROR=1 turns warnings into errors (CI does).
"""

import os
import platform
from concurrent.futures import ThreadPoolExecutor
from glob import glob

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

CFLAGS = [
    "-std=c11",
    "-O3",
    "-fvisibility=hidden",
    "-ffp-contract=off",  # a*b+c rounds twice, as it does in Python
    "-fno-math-errno",
    "-fno-trapping-math",
    "-pthread",
    "-Wall",
    "-Wextra",
    "-MMD",  # beside each object, a file tells which headers it was made from
]

# A file named *_<isa>.c holds one instance of a template; only it may use those instructions.
ISA_FLAGS = {
    "_avx2.c": ["-mavx2", "-mfma", "-mbmi2"],
    "_avx512.c": [
        *("-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mfma", "-mbmi2"),
        "-mprefer-vector-width=512",
    ],
}
IS_X86 = platform.machine().lower() in ("x86_64", "amd64")


def flags_of(source: str) -> list[str]:
    flags = list(CFLAGS)
    if os.environ.get("FASTCONC_WERROR"):
        flags.append("-Werror")
    for suffix, extra in ISA_FLAGS.items():
        if IS_X86 and source.endswith(suffix):
            flags += extra
    return flags


def is_current(obj: str) -> bool:
    """Tell whether `obj` is newer than all it was made from (as -MMD told) and this file."""
    rule = os.path.splitext(obj)[0] + ".d"
    if not os.path.exists(obj) or not os.path.exists(rule):
        return False
    with open(rule) as file:
        inputs = file.read().replace("\\\n", " ").partition(":")[2].split()
    made = os.path.getmtime(obj)
    return all(os.path.exists(i) and os.path.getmtime(i) < made for i in [*inputs, __file__])


class BuildExt(build_ext):
    def build_extension(self, ext: Extension) -> None:
        compiler = self.compiler

        def compile_all(sources, output_dir=None, macros=None, include_dirs=None, debug=0,
                        extra_preargs=None, extra_postargs=None, depends=None):  # fmt: skip
            macros, objects, extra, pp_opts, _ = compiler._setup_compile(
                output_dir, macros, include_dirs, sources, depends, extra_postargs
            )
            cc_args = compiler._get_cc_args(pp_opts, debug, extra_preargs)

            def compile_one(pair):
                source, obj = pair
                if self.force or not is_current(obj):
                    flags = [*extra, *flags_of(source)]
                    compiler._compile(obj, source, ".c", cc_args, flags, pp_opts)

            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(compile_one, zip(sources, objects, strict=True)))
            return objects

        compiler.compile = compile_all
        super().build_extension(ext)


setup(
    ext_modules=[
        Extension(
            "fastconc._core",
            sources=sorted(glob("src/**/*.c", recursive=True)),
            depends=sorted(glob("src/**/*.h", recursive=True) + glob("src/core/*/*.inc")),
            include_dirs=["src/binding", *sorted(glob("src/*/*/"))],
            define_macros=[("_GNU_SOURCE", "1")],
            libraries=["m", "dl"] if os.name == "posix" else [],
            extra_link_args=["-pthread"],
        )
    ],
    cmdclass={"build_ext": BuildExt},
)
