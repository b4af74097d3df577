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
/* error 2^-57.9 (minimax 2^-57.9) on [-0.346608, 0.346608] */
static const double EXP[10] = {
    0x1.000000000000ap-1,  0x1.55555555554fdp-3,  0x1.55555555506b2p-5,  0x1.1111111126e4ep-7,
    0x1.6c16c18479d90p-10, 0x1.a01a012f11aafp-13, 0x1.a0199956f363ap-16, 0x1.71df1a999ca74p-19,
    0x1.28ae041f7d629p-22, 0x1.ad908cfb22526p-26,
};
/* log((1 + s)/(1 - s)) = 2 s + s z LOG(z), z = s^2 */
/* error 2^-51.5 (minimax 2^-51.5) on [0, 0.0294402] */
static const double LOG[7] = {
    0x1.5555555555558p-1, 0x1.99999999952d1p-2, 0x1.2492492df86c2p-2, 0x1.c71c62daa208ap-3,
    0x1.7462b7de3e73bp-3, 0x1.39fdf7330082bp-3, 0x1.2b5d3a5be1f5ep-3,
};
/* the same = 2 s (1 + z/3 + z^2 LOG_DD(z)) */
/* error 2^-56.3 (minimax 2^-59.9) on [0, 0.0294402] */
static const double LOG_DD[8] = {
    0x1.999999999999ap-3, 0x1.24924924922ffp-3, 0x1.c71c71c74c1ccp-4, 0x1.745d173d3a0afp-4,
    0x1.3b13a9a68cdd4p-4, 0x1.1115592a15d5cp-4, 0x1.e017b9d452632p-5, 0x1.dab78ab389680p-5,
};
/* sin r = r + r z SIN(z), cos r = 1 - z/2 + z^2 COS(z), z = r^2 */
/* error 2^-58.0 (minimax 2^-58.0) on [0, 0.616974] */
static const double SIN[6] = {
    -0x1.5555555555549p-3, 0x1.111111110f8a7p-7,   -0x1.a01a019c162e5p-13,
    0x1.71de357b162a0p-19, -0x1.ae5e6885b59adp-26, 0x1.5d9397482e9f2p-33,
};
/* error 2^-64.2 (minimax 2^-64.2) on [0, 0.616974] */
static const double COS[6] = {
    0x1.555555555554cp-5,   -0x1.6c16c16c15222p-10, 0x1.a01a019cbfc71p-16,
    -0x1.27e4f81301ba3p-22, 0x1.1ee9f1828572dp-29,  -0x1.8fb146d919097p-37,
};
/* atan t = t + t z ATAN(z), z = t^2 */
/* error 2^-59.5 (minimax 2^-59.5) on [0, 0.171607] */
static const double ATAN[11] = {
    -0x1.555555555553dp-2, 0x1.99999999958aep-3, -0x1.24924922afd33p-3, 0x1.c71c70e72d660p-4,
    -0x1.745cf8ff05dc9p-4, 0x1.3b111b9b35f6ap-4, -0x1.10ebd5210d000p-4, 0x1.df10f0edb883bp-5,
    -0x1.9cda21d6b0109p-5, 0x1.37e8408ce8b09p-5, -0x1.2592900fc991fp-6,
};
/* asin t = t + t z ASIN(z), z = t^2 */
/* error 2^-59.8 (minimax 2^-59.8) on [0, 0.25001] */
static const double ASIN[13] = {
    0x1.5555555555578p-3, 0x1.333333332df34p-4, 0x1.6db6db72291c3p-5, 0x1.f1c71a8cb6fc9p-6,
    0x1.6e8bdfc1e71e1p-6, 0x1.1c49e0e9dbeeap-6, 0x1.ca20f7a2eaad4p-7, 0x1.757a32fa0056dp-7,
    0x1.617ae215f6ee0p-7, 0x1.e258a24f7efd9p-9, 0x1.64b0fe41a7262p-6, -0x1.597e9de7ed71ap-6,
    0x1.0bbd5b0d3328fp-5,
};
/* sinh r = r + r z SINH(z), cosh r = 1 + z/2 + z^2 COSH(z), z = r^2 */
/* error 2^-61.7 (minimax 2^-61.7) on [0, 0.120137] */
static const double SINH[5] = {
    0x1.5555555555559p-3,  0x1.111111110f652p-7,  0x1.a01a01b004f11p-13,
    0x1.71ddf80bdd28ep-19, 0x1.af5f317bf8bf1p-26,
};
/* error 2^-57.3 (minimax 2^-57.3) on [0, 0.120137] */
static const double COSH[4] = {
    0x1.5555555553164p-5,
    0x1.6c16c17cf6541p-10,
    0x1.a019aa8ebca12p-16,
    0x1.28a025aeb5a7dp-22,
};
/* erf x = x + x ERF(z), z = x^2 */
/* error 2^-55.9 (minimax 2^-57.0) on [0, 1] */
static const double ERF[12] = {
    0x1.06eba8214db68p-3,  -0x1.812746b0379b5p-2,  0x1.ce2f21a040b05p-4,  -0x1.b82ce311f7199p-6,
    0x1.565bccf90b8a1p-8,  -0x1.c02db0407896ep-11, 0x1.f9a2bb58e724fp-14, -0x1.f4ca5c8920f0ap-17,
    0x1.b98087c9de0a0p-20, -0x1.5c0bf9fea342cp-23, 0x1.d73efbbb23559p-27, -0x1.ac1ef02b124b8p-31,
};
/* erfc x = exp(-x^2) u ERFC(t), u = 1/(x + 3), t = 1 - 8 u; LOW: as erf needs */
#define ERFC_0_LOW -0x1.35e3601fa2b0fp-56
#define ERFC_1_LOW -0x1.5e1f862c9fcfdp-56
/* error 2^-58.4 (minimax 2^-58.4) on [-1.1334, 0.742] */
static const double ERFC[21] = {
    0x1.c57239e943d1ap-1,   -0x1.eb2c5e8ccc2b3p-2, 0x1.ca7dc9a16129fp-3,  -0x1.66ea39350198dp-4,
    0x1.bf93f16567befp-6,   -0x1.88b2c7bd37317p-8, 0x1.0bfeb797cb972p-11, 0x1.af4cc83ccd004p-13,
    -0x1.5b8370333039ap-14, 0x1.29fb1f0eb9728p-19, 0x1.a1e85e0867b94p-18, -0x1.2b724559cc984p-20,
    -0x1.dd62256babee5p-22, 0x1.47f987631c162p-23, 0x1.362a299910121p-25, -0x1.3cd7ecd35cfcep-26,
    -0x1.060d8f9f374d8p-28, 0x1.1ea04737957a4p-29, 0x1.1c600e0994949p-31, -0x1.64df160f2a692p-33,
    -0x1.dccce247e6cbep-35,
};
/* error 2^-59.5 (minimax 2^-59.5) on [-1.0001, 0.1112] */
static const double ERFC_LOW[12] = {
    0x1.c57239e1b7804p-1,   -0x1.eb2c5fa4aa94bp-2, 0x1.ca7db7d4eb458p-3,  -0x1.66eadfc021102p-4,
    0x1.bf8c51114d144p-6,   -0x1.88eac13cdf8aep-8, 0x1.0a4589b965016p-11, 0x1.afcd0ae60ab61p-13,
    -0x1.42ff074b4f57dp-14, 0x1.7732dd275fabdp-17, 0x1.c1316a8591563p-17, 0x1.0894e02ef9bffp-19,
};
/* f^(-1/3), a first guess */
/* error 2^-14.8 (minimax 2^-14.9) on [1, 2] */
static const double CBRT[5] = {
    0x1.ac178e2269278p+0,  -0x1.2ddef0ce7cf00p+0, 0x1.677122665e53dp-1,
    -0x1.cb2c9231e1c94p-3, 0x1.dc8b33e4bcc2ep-6,
};

/* The same to the accuracy of single precision, for double lanes. */
/* error 2^-34.2 (minimax 2^-34.2) on [-0.346608, 0.346608] */
static const double EXP_S[6] = {
    0x1.0000003a1bf23p-1, 0x1.555554415d771p-3,  0x1.55548dcb77fd7p-5,
    0x1.11127311e49edp-7, 0x1.6d8d04851907cp-10, 0x1.9f05b3572a26dp-13,
};
/* error 2^-36.6 (minimax 2^-36.6) on [0, 0.0294402] */
static const double LOG_S[4] = {
    0x1.555554fd984e3p-1,
    0x1.999a7a99c1d9bp-2,
    0x1.2438d33237808p-2,
    0x1.e2f71be2b1cb9p-3,
};
/* error 2^-37.6 (minimax 2^-37.6) on [0, 0.616974] */
static const double SIN_S[4] = {
    -0x1.5555554cb945cp-3,
    0x1.11110895c9ef8p-7,
    -0x1.a00f9d3f95708p-13,
    0x1.6cd83fa587d7bp-19,
};
/* error 2^-43.2 (minimax 2^-43.2) on [0, 0.616974] */
static const double COS_S[4] = {
    0x1.5555554f4d1aep-5,
    -0x1.6c16b89797a84p-10,
    0x1.a0111f63addaap-16,
    -0x1.242aaed05027fp-22,
};
/* error 2^-35.4 (minimax 2^-35.4) on [0, 0.171607] */
static const double ATAN_S[6] = {
    -0x1.555554c88d26ap-2, 0x1.99991a360b5a9p-3,  -0x1.247f03da9c4e1p-3,
    0x1.c467b74083754p-4,  -0x1.5b43a4a4507cbp-4, 0x1.84ee01ce618b3p-5,
};
/* error 2^-35.8 (minimax 2^-35.8) on [0, 0.25001] */
static const double ASIN_S[7] = {
    0x1.555556093edbfp-3, 0x1.3332a7f517298p-4, 0x1.6ddb2a2d669f8p-5, 0x1.ed533fc1d6962p-6,
    0x1.935aba37d03d3p-6, 0x1.e968d085e2b2bp-8, 0x1.1c37d0b797bccp-5,
};
/* error 2^-34.8 (minimax 2^-34.8) on [0, 1] */
static const double ERF_S[8] = {
    0x1.06eba820314c6p-3, -0x1.8127466831b2bp-2,  0x1.ce2f09ad10150p-4,  -0x1.b829d8e04a148p-6,
    0x1.562b1a72f9229p-8, -0x1.bcd7e2d65356fp-11, 0x1.d8b8988d36197p-14, -0x1.44cfbe84bb6cfp-17,
};
/* error 2^-37.8 (minimax 2^-37.8) on [-1.0001, 0.4287] */
static const double ERFC_S[12] = {
    0x1.c57239e9422d1p-1,   -0x1.eb2c5e8b9a21bp-2, 0x1.ca7dc9a567b69p-3,  -0x1.66ea3a46d9a08p-4,
    0x1.bf93eb40ecbc6p-6,   -0x1.88b1c3bd8d92cp-8, 0x1.0c0da22bd360bp-11, 0x1.aea6d56fba88fp-13,
    -0x1.5ef64bbc83cd1p-14, 0x1.3ce6b5abce995p-19, 0x1.116cfe29c29e1p-17, 0x1.91fb33201ce20p-21,
};

/* The same for float lanes. */
#define LN2_F_1 0x1.62e4000000000p-1f
#define LN2_F_2 0x1.7f7d1c0000000p-20f
#define PIO2_F_1 0x1.921fb60000000p+0f
#define PIO2_F_2 -0x1.777a5c0000000p-25f
#define PIO2_F_3 -0x1.ee59da0000000p-50f
/* error 2^-28.3 (minimax 2^-28.3) on [-0.346608, 0.346608] */
static const float EXP_F[5] = {
    0x1.fffffc0000000p-2f, 0x1.5554920000000p-3f,  0x1.5558ae0000000p-5f,
    0x1.1239820000000p-7f, 0x1.6a4f400000000p-10f,
};
/* error 2^-29.2 (minimax 2^-29.2) on [0, 0.0294402] */
static const float LOG_F[3] = {
    0x1.55557a0000000p-1f,
    0x1.995ed60000000p-2f,
    0x1.31e0900000000p-2f,
};
/* error 2^-28.0 (minimax 2^-28.1) on [0, 0.616974] */
static const float SIN_F[3] = {
    -0x1.5555460000000p-3f,
    0x1.11077e0000000p-7f,
    -0x1.9956a00000000p-13f,
};
/* error 2^-33.1 (minimax 2^-33.3) on [0, 0.616974] */
static const float COS_F[3] = {
    0x1.55554a0000000p-5f,
    -0x1.6c0c300000000p-10f,
    0x1.99ebba0000000p-16f,
};

#endif
