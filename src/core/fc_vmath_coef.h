/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Constants of the vector functions, made by tools/vmath_coefficients.py. */
#ifndef FC_VMATH_COEF_H
#define FC_VMATH_COEF_H

#include <stdint.h>

/* ln 2, 1/ln 2, 1/ln 10, log10(2): multiples of the first part are exact */
#define LN2_1 0x1.62e42fefa0000p-1
#define LN2_2 0x1.cf79abc9e3b3ap-40
#define INV_LN2_1 0x1.7154700000000p+0
#define INV_LN2_2 0x1.94ae0bf85ddf4p-22
#define INV_LN10_1 0x1.bcb7b00000000p-2
#define INV_LN10_2 0x1.526e50e32a6abp-26
#define LOG10_2_1 0x1.34413509f8000p-2
#define LOG10_2_2 -0x1.80433b83b532ap-44
/* ln 2 and 1/ln 2 to 106 bits */
#define LN2_DD_1 0x1.62e42fefa39efp-1
#define LN2_DD_2 0x1.abc9e3b39803fp-56
#define INV_LN2_DD_1 0x1.71547652b82fep+0
#define INV_LN2_DD_2 0x1.777d0ffda0d24p-56
#define THIRD_DD_1 0x1.5555555555555p-2
#define THIRD_DD_2 0x1.5555555555555p-56
/* pi/2 in three parts of 53 bits (with FMA) and in four of 33 (without); 2/pi */
#define PIO2_FMA_1 0x1.921fb54442d18p+0
#define PIO2_FMA_2 0x1.1a62633145c07p-54
#define PIO2_FMA_3 -0x1.f1976b7ed8fbcp-110
#define PIO2_CW_1 0x1.921fb54400000p+0
#define PIO2_CW_2 0x1.0b4611a600000p-34
#define PIO2_CW_3 0x1.3198a2e000000p-69
#define PIO2_CW_4 0x1.b839a252049c1p-104
#define TWO_OVER_PI 0x1.45f306dc9c883p-1
/* the first bits of 2/pi's fraction, most significant word first */
static const uint64_t TWO_OVER_PI_BITS[20] = {
    0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561,
    0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484,
    0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d, 0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab, 0xf0cfbc209af4361d,
};

/* e^r = 1 + r + r^2 EXP(r) */
/* error 2^-56.4 (minimax 2^-57.9) on [-0.346608, 0.346608] */
static const double EXP[10] = {
    0x1.000000000000ap-1,  0x1.55555555554fap-3,  0x1.5555555550877p-5,  0x1.1111111127b76p-7,
    0x1.6c16c1842b36dp-10, 0x1.a01a012a8544ap-13, 0x1.a0199a096285ap-16, 0x1.71df24e2b9fa4p-19,
    0x1.28ad758777c94p-22, 0x1.ad80282ad1654p-26,
};
/* log((1 + s)/(1 - s)) = 2 s + s z LOG(z), z = s^2 */
/* error 2^-51.5 (minimax 2^-51.5) on [0, 0.0294402] */
static const double LOG[7] = {
    0x1.5555555555558p-1, 0x1.9999999995223p-2, 0x1.2492492e03e54p-2, 0x1.c71c62d03b35bp-3,
    0x1.7462ba29068a2p-3, 0x1.39fdb9220c050p-3, 0x1.2b5fc0c21f500p-3,
};
/* the same = 2 s (1 + z/3 + z^2 LOG_DD(z)) */
/* error 2^-56.1 (minimax 2^-59.9) on [0, 0.0294402] */
static const double LOG_DD[8] = {
    0x1.999999999999ap-3, 0x1.2492492492523p-3, 0x1.c71c71c6ea3a7p-4, 0x1.745d177ae7ca4p-4,
    0x1.3b1395b312af8p-4, 0x1.1118cdef60706p-4, 0x1.df7b9e38d150dp-5, 0x1.e039c40bcc6e0p-5,
};
/* sin r = r + r z SIN(z), cos r = 1 - z/2 + z^2 COS(z), z = r^2 */
/* error 2^-57.2 (minimax 2^-58.0) on [0, 0.616974] */
static const double SIN[6] = {
    -0x1.5555555555549p-3, 0x1.111111110f880p-7,   -0x1.a01a019c124bfp-13,
    0x1.71de35783cd17p-19, -0x1.ae5e6693bae7cp-26, 0x1.5d9316afc8ed7p-33,
};
/* error 2^-60.0 (minimax 2^-64.2) on [0, 0.616974] */
static const double COS[6] = {
    0x1.555555555554cp-5,   -0x1.6c16c16c1517fp-10, 0x1.a01a019cb1d8ep-16,
    -0x1.27e4f80a04955p-22, 0x1.1ee9ebf6c8555p-29,  -0x1.8faea3803c33bp-37,
};
/* atan t = t + t z ATAN(z), z = t^2 */
/* error 2^-58.8 (minimax 2^-59.5) on [0, 0.171607] */
static const double ATAN[11] = {
    -0x1.555555555553dp-2, 0x1.99999999958dfp-3, -0x1.24924922b0ce1p-3, 0x1.c71c70e78029cp-4,
    -0x1.745cf9071d3e8p-4, 0x1.3b111c1b21a28p-4, -0x1.10ebda41833f1p-4, 0x1.df113512a87eap-5,
    -0x1.9cdb3cedf200cp-5, 0x1.37eadcc060bf5p-5, -0x1.2597e84abaa55p-6,
};
/* asin t = t + t z ASIN(z), z = t^2 */
/* error 2^-58.8 (minimax 2^-59.8) on [0, 0.25001] */
static const double ASIN[13] = {
    0x1.5555555555578p-3, 0x1.333333332df66p-4, 0x1.6db6db722736bp-5, 0x1.f1c71a8d532f4p-6,
    0x1.6e8bdfb2b543ap-6, 0x1.1c49e1e002c01p-6, 0x1.ca20e289e6300p-7, 0x1.757ad2bbeae2fp-7,
    0x1.61779e02b4d01p-7, 0x1.e2870a627074ap-9, 0x1.64a3a3ebfcef8p-6, -0x1.596ca652e19bbp-6,
    0x1.0bb7fdbc36e13p-5,
};
/* sinh r = r + r z SINH(z), cosh r = 1 + z/2 + z^2 COSH(z), z = r^2 */
/* error 2^-60.7 (minimax 2^-61.7) on [0, 0.120137] */
static const double SINH[5] = {
    0x1.5555555555559p-3,  0x1.111111110f6afp-7,  0x1.a01a01afe4da8p-13,
    0x1.71ddf85428818p-19, 0x1.af5ebe92cd00ep-26,
};
/* error 2^-57.3 (minimax 2^-57.3) on [0, 0.120137] */
static const double COSH[4] = {
    0x1.5555555553164p-5,
    0x1.6c16c17cf6729p-10,
    0x1.a019aa8e6554cp-16,
    0x1.28a025fedb999p-22,
};
/* f^(-1/3), a first guess */
/* error 2^-14.8 (minimax 2^-14.9) on [1, 2] */
static const double CBRT[5] = {
    0x1.ac178e2269278p+0,  -0x1.2ddef0ce7ceffp+0, 0x1.677122665e53ap-1,
    -0x1.cb2c9231e1c8ep-3, 0x1.dc8b33e4bcc25p-6,
};

/* The same for single precision. */
/* error 2^-28.0 (minimax 2^-28.3) on [-0.346608, 0.346608] */
static const float EXP_F[5] = {
    0x1.fffffc0000000p-2f, 0x1.5554920000000p-3f,  0x1.5558f20000000p-5f,
    0x1.1239de0000000p-7f, 0x1.6a23340000000p-10f,
};
/* error 2^-29.1 (minimax 2^-29.2) on [0, 0.0294402] */
static const float LOG_F[3] = {
    0x1.55557a0000000p-1f,
    0x1.995eb80000000p-2f,
    0x1.31e3440000000p-2f,
};
/* error 2^-27.5 (minimax 2^-28.1) on [0, 0.616974] */
static const float SIN_F[3] = {
    -0x1.5555460000000p-3f,
    0x1.1107600000000p-7f,
    -0x1.994e600000000p-13f,
};
/* error 2^-30.9 (minimax 2^-33.3) on [0, 0.616974] */
static const float COS_F[3] = {
    0x1.55554a0000000p-5f,
    -0x1.6c0c8c0000000p-10f,
    0x1.9a02600000000p-16f,
};

#endif
