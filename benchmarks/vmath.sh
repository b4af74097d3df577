#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Build and run benchmarks/vmath.c with the flags of setup.py (x86-64 with AVX2, Linux).
set -e
cd "$(dirname "$0")/.."
out=build/bench_vmath
mkdir -p "$out"
flags="-std=c11 -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math -D_GNU_SOURCE -Isrc/core/vmath -Isrc/core/base"
for source in src/core/vmath/fc_vmath*.c src/core/base/fc_cpu.c benchmarks/vmath.c; do
    case $source in
    *_avx2.c | benchmarks/*) isa="-mavx2 -mfma -mbmi2" ;;
    *_avx512.c) isa="-mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mbmi2 -mprefer-vector-width=512" ;;
    *) isa= ;;
    esac
    object=$out/$(basename "$source" .c).o
    [ "$object" -nt "$source" ] && [ -z "$(find src/core -name 'fc_vmath*' -newer "$object")" ] ||
        ${CC:-cc} $flags $isa -c "$source" -o "$object"
done
${CC:-cc} "$out"/*.o -lm -ldl -pthread -o "$out/run"
"$out/run" "$@"
