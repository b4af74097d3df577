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
/* pi/2 in three parts of 53 bits (with FMA) and in four of 33 (without); 2/pi
 */
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
/* log(1 + r) = r - r^2/2 - r^3/2 LOG1P(r), and for the logarithm of m of the
 * 128 parts of [sqrt(1/2), sqrt(2)): 1/c and -log(1/c), whose multiple of 2^-40
 * stands beside 1/c; c is 1 where that is near */
/* error 2^-71.4 (minimax 2^-72.3) on [-0.0081, 0.0081] */
static const double LOG1P[7] = {
    -0x1.5555555555555p-1, 0x1.000000000007fp-1, -0x1.99999999a6531p-2, 0x1.555555420b4b1p-2,
    -0x1.24924486f7e51p-2, 0x1.00070c25c2703p-2, -0x1.c82d98b823241p-3,
};
static const double LOG_TABLE[128][2] = {
    {0x1.690a9aed41336p+0, -0x1.60111baa64000p-2},
    {0x1.67103630e798dp+0, -0x1.5a70e7e2f8000p-2},
    {0x1.651b563da9bf9p+0, -0x1.54d8929d2c000p-2},
    {0x1.632be41b48593p+0, -0x1.4f4805f3fc000p-2},
    {0x1.6141c9504cf0fp+0, -0x1.49bf2c5d38000p-2},
    {0x1.5f5cefdea3da8p+0, -0x1.443df0a7b0000p-2},
    {0x1.5d7d424051f7dp+0, -0x1.3ec43df930000p-2},
    {0x1.5ba2ab64454d3p+0, -0x1.3951ffccb0000p-2},
    {0x1.59cd16ab3f661p+0, -0x1.33e721f090000p-2},
    {0x1.57fc6fe4d8978p+0, -0x1.2e839084c4000p-2},
    {0x1.5630a34c9b387p+0, -0x1.292737f930000p-2},
    {0x1.54699d8735f00p+0, -0x1.23d2050bf4000p-2},
    {0x1.52a74b9fc443dp+0, -0x1.1e83e4c7d0000p-2},
    {0x1.50e99b052c9acp+0, -0x1.193cc48294000p-2},
    {0x1.4f30798792edap+0, -0x1.13fc91db84000p-2},
    {0x1.4d7bd555df6aap+0, -0x1.0ec33ab9f4000p-2},
    {0x1.4bcb9cfb58562p+0, -0x1.0990ad4bbc000p-2},
    {0x1.4a1fbf5d4e7b1p+0, -0x1.0464d803d0000p-2},
    {0x1.48782bb8db83bp+0, -0x1.fe7f5331b8000p-3},
    {0x1.46d4d1a0b19c6p+0, -0x1.f4422207f8000p-3},
    {0x1.4535a0fafbc46p+0, -0x1.ea11fafe88000p-3},
    {0x1.439a89ff4e3acp+0, -0x1.dfeebd0930000p-3},
    {0x1.42037d34a6793p+0, -0x1.d5d84798c0000p-3},
    {0x1.40706b6f7a338p+0, -0x1.cbce7a9888000p-3},
    {0x1.3ee145cfd4da7p+0, -0x1.c1d1366c18000p-3},
    {0x1.3d55fdbf83227p+0, -0x1.b7e05becc0000p-3},
    {0x1.3bce84f04c163p+0, -0x1.adfbcc6778000p-3},
    {0x1.3a4acd5a37403p+0, -0x1.a423699a80000p-3},
    {0x1.38cac939df7b7p+0, -0x1.9a5715b348000p-3},
    {0x1.374e6b0ed1ff8p+0, -0x1.9096b34c58000p-3},
    {0x1.35d5a599f940cp+0, -0x1.86e2256b28000p-3},
    {0x1.34606bdc13400p+0, -0x1.7d394f7e28000p-3},
    {0x1.32eeb11432eafp+0, -0x1.739c155ad8000p-3},
    {0x1.318068be4c2fcp+0, -0x1.6a0a5b3bc0000p-3},
    {0x1.30158691ca6b9p+0, -0x1.608405be90000p-3},
    {0x1.2eadfe8030ddep+0, -0x1.5708f9e260000p-3},
    {0x1.2d49c4b3c4cebp+0, -0x1.4d991d05d8000p-3},
    {0x1.2be8cd8e4116ep+0, -0x1.443454e568000p-3},
    {0x1.2a8b0da792bfap+0, -0x1.3ada8799a8000p-3},
    {0x1.293079cc9e6dfp+0, -0x1.318b9b9580000p-3},
    {0x1.27d906fe0e535p+0, -0x1.284777a4c0000p-3},
    {0x1.2684aa6f285f8p+0, -0x1.1f0e02ea50000p-3},
    {0x1.25335984ac702p+0, -0x1.15df24dec8000p-3},
    {0x1.23e509d3ba3fap+0, -0x1.0cbac54ec8000p-3},
    {0x1.2299b120bed51p+0, -0x1.03a0cc5990000p-3},
    {0x1.2151455e6939bp+0, -0x1.f52244df20000p-4},
    {0x1.200bbcaca63adp+0, -0x1.e31760a1b0000p-4},
    {0x1.1ec90d57a3019p+0, -0x1.d120be17a0000p-4},
    {0x1.1d892dd6d649cp+0, -0x1.bf3e2ff7b0000p-4},
    {0x1.1c4c14cc10057p+0, -0x1.ad6f898fb0000p-4},
    {0x1.1b11b9028f3b8p+0, -0x1.9bb49ec230000p-4},
    {0x1.19da116e1df02p+0, -0x1.8a0d4403a0000p-4},
    {0x1.18a5152a32ea2p+0, -0x1.78794e5810000p-4},
    {0x1.1772bb791927cp+0, -0x1.66f89350b0000p-4},
    {0x1.1642fbc31cd79p+0, -0x1.558ae90910000p-4},
    {0x1.1515cd95bdab9p+0, -0x1.4430262570000p-4},
    {0x1.13eb28a2e65f2p+0, -0x1.32e821cfd0000p-4},
    {0x1.12c304c02946fp+0, -0x1.21b2b3b620000p-4},
    {0x1.119d59e601c75p+0, -0x1.108fb407b0000p-4},
    {0x1.107a202f1a8a5p+0, -0x1.fefdf6e6a0000p-5},
    {0x1.0f594fd798544p+0, -0x1.dd00c64a40000p-5},
    {0x1.0e3ae13c69530p+0, -0x1.bb278988e0000p-5},
    {0x1.0d1eccda98c85p+0, -0x1.9971f4e380000p-5},
    {0x1.0c050b4ea6ee7p+0, -0x1.77dfbd8960000p-5},
    {0x1.0aed9553e4f84p+0, -0x1.5670999480000p-5},
    {0x1.09d863c3d50f9p+0, -0x1.3524400560000p-5},
    {0x1.08c56f958e344p+0, -0x1.13fa68bf80000p-5},
    {0x1.07b4b1dd23e05p+0, -0x1.e5e5990b80000p-6},
    {0x1.06a623cb1155cp+0, -0x1.a41a49ed40000p-6},
    {0x1.0599beaba87c5p+0, -0x1.62925911c0000p-6},
    {0x1.048f7be684357p+0, -0x1.214d3d1000000p-6},
    {0x1.038754fdfe0e1p+0, -0x1.c094dc4300000p-7},
    {0x1.0281438ea7364p+0, -0x1.3f12cc3880000p-7},
    {0x1.0000000000000p+0, 0x0.0p+0},
    {0x1.0000000000000p+0, 0x0.0p+0},
    {0x1.0000000000000p+0, 0x0.0p+0},
    {0x1.f9fe734bfba8dp-1, 0x1.82a8e46f00000p-7},
    {0x1.f61dff0bf581bp-1, 0x1.3f57af1700000p-6},
    {0x1.f24ca2626886ap-1, 0x1.bc64b3b2c0000p-6},
    {0x1.ee8a05d85e704p-1, 0x1.1c3f9d79c0000p-5},
    {0x1.ead5d495abff0p-1, 0x1.59d5751c40000p-5},
    {0x1.e72fbc480224fp-1, 0x1.96f5a8fde0000p-5},
    {0x1.e3976d0b19c73p-1, 0x1.d3a1f738c0000p-5},
    {0x1.e00c9951eb9a3p-1, 0x1.07ee0a0800000p-4},
    {0x1.dc8ef5d0e6739p-1, 0x1.25d2d51cc0000p-4},
    {0x1.d91e39691734bp-1, 0x1.43802d9240000p-4},
    {0x1.d5ba1d14362fdp-1, 0x1.60f6df9f40000p-4},
    {0x1.d2625bd18e988p-1, 0x1.7e37b31a30000p-4},
    {0x1.cf16b293b5373p-1, 0x1.9b436b9930000p-4},
    {0x1.cbd6e02f0430cp-1, 0x1.b81ac890d0000p-4},
    {0x1.c8a2a548d246fp-1, 0x1.d4be857170000p-4},
    {0x1.c579c4475c7adp-1, 0x1.f12f59c3c0000p-4},
    {0x1.c25c0142597eep-1, 0x1.06b6fca250000p-3},
    {0x1.bf4921f42eda7p-1, 0x1.14bd89ffc8000p-3},
    {0x1.bc40edabc0124p-1, 0x1.22abab3428000p-3},
    {0x1.b9432d3ed094fp-1, 0x1.3081b4ba00000p-3},
    {0x1.b64faafcf18b3p-1, 0x1.3e3ff95868000p-3},
    {0x1.b36632a2f50aap-1, 0x1.4be6ca2ec8000p-3},
    {0x1.b086914ee0822p-1, 0x1.597676bfe0000p-3},
    {0x1.adb0957458889p-1, 0x1.66ef4cfcd8000p-3},
    {0x1.aae40ed180849p-1, 0x1.7451994fa0000p-3},
    {0x1.a820ce6448eeep-1, 0x1.819da6a510000p-3},
    {0x1.a566a6602733ep-1, 0x1.8ed3be76e0000p-3},
    {0x1.a2b56a24327b8p-1, 0x1.9bf428d510000p-3},
    {0x1.a00cee31a0db4p-1, 0x1.a8ff2c6f20000p-3},
    {0x1.9d6d0822a0b15p-1, 0x1.b5f50e9d18000p-3},
    {0x1.9ad58ea18a1c0p-1, 0x1.c2d6136808000p-3},
    {0x1.9846596064b77p-1, 0x1.cfa27d9270000p-3},
    {0x1.95bf4110bdf92p-1, 0x1.dc5a8ea078000p-3},
    {0x1.93401f5bccb19p-1, 0x1.e8fe86dfb0000p-3},
    {0x1.90c8cedade65ep-1, 0x1.f58ea56eb0000p-3},
    {0x1.8e592b100b5cfp-1, 0x1.0105942244000p-2},
    {0x1.8bf1105f2e635p-1, 0x1.073a261bf0000p-2},
    {0x1.89905c071d6c9p-1, 0x1.0d652682fc000p-2},
    {0x1.8736ec1b205c5p-1, 0x1.1386b2acb0000p-2},
    {0x1.84e49f7ca3623p-1, 0x1.199ee76834000p-2},
    {0x1.829955d52272ep-1, 0x1.1fade101d4000p-2},
    {0x1.8054ef904b85dp-1, 0x1.25b3bb4604000p-2},
    {0x1.7e174dd6555bfp-1, 0x1.2bb0918460000p-2},
    {0x1.7be0528688acep-1, 0x1.31a47e9290000p-2},
    {0x1.79afe031f9b30p-1, 0x1.378f9ccf30000p-2},
    {0x1.7785da167024cp-1, 0x1.3d72062468000p-2},
    {0x1.756224197bc28p-1, 0x1.434bd40ab0000p-2},
    {0x1.7344a2c3b3b2bp-1, 0x1.491d1f8b60000p-2},
    {0x1.712d3b3c1efdcp-1, 0x1.4ee601432c000p-2},
    {0x1.6f1bd343c48bep-1, 0x1.54a69164a4000p-2},
    {0x1.6d105131611afp-1, 0x1.5a5ee7ba78000p-2},
    {0x1.6b0a9bed41b36p-1, 0x1.600f1ba9e4000p-2},
};
static const double LOG_TABLE_LOW[128] = {
    -0x1.9bc78e12e900cp-42,
    -0x1.5b0e7353dab5fp-43,
    -0x1.59b9f9f26b097p-42,
    0x1.7949a7996cef3p-42,
    -0x1.5ff7319e109f2p-42,
    -0x1.07be6f3e93d4cp-42,
    0x1.59c6f64d8c153p-44,
    -0x1.ff7942ea262e5p-44,
    0x1.9cd77f66fef45p-42,
    0x1.833c95b91702fp-42,
    0x1.4219a483e2498p-42,
    0x1.14f2aae9d860ep-44,
    -0x1.8e315a5bd2153p-42,
    0x1.1a62bf0444689p-43,
    -0x1.b7aa8d897c2f1p-42,
    -0x1.c376346312514p-42,
    0x1.4ac51904e2489p-45,
    0x1.bf777fb22cd0bp-42,
    -0x1.bcc60e66da734p-42,
    0x1.4780d441f50f8p-42,
    0x1.99265b08f1689p-43,
    -0x1.015d5f2c3bb05p-42,
    -0x1.59de635c18335p-45,
    -0x1.2f9ca7f3ae198p-42,
    0x1.132e4ad9d7494p-42,
    0x1.261f2850e10b0p-47,
    0x1.b69f85c3b29abp-43,
    0x1.c16362d656b66p-43,
    -0x1.7b5dd479301cap-43,
    0x1.4e51cc31d0584p-49,
    0x1.2fa09a3719c8ap-43,
    -0x1.b4e6795c21680p-42,
    -0x1.7b2cc6cc74db3p-42,
    0x1.355a74aebb82bp-42,
    0x1.82984ba0b7ad4p-42,
    0x1.c6c13fa30961fp-43,
    0x1.9e93e4817883ep-43,
    -0x1.a77d65fb2da5ep-43,
    0x1.99f135191a122p-42,
    -0x1.eacdb95440d6bp-45,
    0x1.a6a637e0aca16p-43,
    0x1.d44ced4b1b6cfp-45,
    0x1.d2709b664a112p-42,
    0x1.90e46f91e8d5ap-42,
    -0x1.20a77fa0623e1p-42,
    -0x1.2337e734499adp-44,
    -0x1.80c1d409190d3p-44,
    -0x1.58f8bd53cc7fcp-42,
    0x1.cfe827aa0f56ep-44,
    -0x1.d5a51edc80e36p-44,
    0x1.b1ecf7860d089p-43,
    -0x1.545f18c8640aap-44,
    -0x1.e8f7b3c879bb5p-42,
    0x1.fe5f8f8e8df09p-42,
    -0x1.4a67bc527c2f8p-42,
    -0x1.24cc72bc4a40dp-43,
    -0x1.92de975726e3bp-42,
    0x1.365d9eea2c3a4p-42,
    0x1.a4a75081e39b6p-42,
    0x1.d5eae199018a4p-46,
    -0x1.202399aad7997p-42,
    -0x1.73e747005a052p-42,
    -0x1.2af08a99fa438p-46,
    -0x1.c677e44eaf4afp-43,
    0x1.a0b907077a639p-47,
    0x1.1803e141f4b9dp-43,
    -0x1.9629b0257e26ep-45,
    -0x1.d329c572a2d17p-44,
    -0x1.30d702f9beb39p-42,
    -0x1.93aa877df6a28p-42,
    -0x1.836cccb2a8165p-43,
    -0x1.c944b24d6dbfbp-42,
    -0x1.b6b6976ed7bf4p-42,
    0x0.0p+0,
    0x0.0p+0,
    0x0.0p+0,
    0x1.228c8b5a7803bp-42,
    -0x1.7f027430bd740p-44,
    0x1.237bf27a79a1ap-42,
    0x1.c46adced22433p-42,
    -0x1.38e206aa71830p-45,
    0x1.c2b8ad92d9881p-43,
    0x1.ebb85a2a3f110p-43,
    0x1.fd9ab3a42bf3bp-43,
    -0x1.93b64e8544b92p-45,
    0x1.f6bd53f924966p-42,
    0x1.a791e82c78c8cp-46,
    -0x1.cb27f990f5cc8p-43,
    0x1.8eee5e2229611p-42,
    0x1.a5b12dbb3dd1ep-42,
    -0x1.98a15ff4172f9p-42,
    -0x1.7651dc1070f5bp-43,
    0x1.3db11a54fb78ep-43,
    -0x1.d7f866cf52b89p-46,
    0x1.b18e945ec5beep-42,
    0x1.b6aba6dc95aa1p-44,
    0x1.6660220c6e1cdp-42,
    -0x1.34aed5669c3c7p-42,
    0x1.ac6776ae75616p-44,
    0x1.307078625595cp-42,
    -0x1.8d9b0522d7c7ep-43,
    0x1.25af3be8ffcbbp-44,
    0x1.34fb3c9c42cddp-44,
    -0x1.eb1e638c1f679p-44,
    0x1.e8d62d2c444c4p-42,
    0x1.35de6a51a3ea4p-42,
    -0x1.ce7ad6f7fc993p-43,
    0x1.85904f107bd72p-43,
    0x1.3b2bc0fb5c44bp-42,
    -0x1.7047ab90079d2p-44,
    -0x1.5e435cfd6f721p-42,
    -0x1.f79014e7e7498p-42,
    -0x1.0887492991a1cp-45,
    0x1.c57c2986697d6p-42,
    -0x1.10ff585e8e56dp-44,
    0x1.39d19bdbdb5f2p-42,
    0x1.8585a0d490410p-42,
    0x1.244f6dc8a6cc4p-45,
    -0x1.bfdff1f57debbp-42,
    0x1.cad04cf75c3a0p-42,
    -0x1.a9e9a16e80753p-43,
    -0x1.d5219bd8e5b37p-42,
    -0x1.20e2f4ad555a1p-42,
    -0x1.8cf37c1949827p-43,
    0x1.e91cc87e70877p-42,
    -0x1.a5852e699b0aap-43,
    0x1.a26756e7d0b90p-45,
    0x1.9bd417f62d1d7p-42,
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
/* erf x = x + x ERF(z), z = x^2, on [0, 3/4] */
/* error 2^-56.2 (minimax 2^-60.1) on [0, 0.5626] */
static const double ERF[11] = {
    0x1.06eba8214db69p-3,  -0x1.812746b0379ffp-2,  0x1.ce2f21a043707p-4,  -0x1.b82ce312a75abp-6,
    0x1.565bcd0f7a35ap-8,  -0x1.c02db3532562bp-11, 0x1.f9a2ef7639bc4p-14, -0x1.f4ca746a38f08p-17,
    0x1.b9427f4f58c5cp-20, -0x1.5795b224ead3ap-23, 0x1.9116116e78ea9p-27,
};
/* erfc x = exp(-x^2) u ERFC(t), u = 1/(x + 3), t = 1 - 8 u */
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
/* erf(i/64), erf'(i/64) */
static const double ERF_TABLE[385][2] = {
    {0x0.0p+0, 0x1.20dd750429b6dp+0},
    {0x1.20d77083f17a0p-6, 0x1.20cb67bd452c7p+0},
    {0x1.20c5645dd2538p-5, 0x1.209546ad13ccfp+0},
    {0x1.b0fafef135745p-5, 0x1.203b261cd0053p+0},
    {0x1.207d480e90658p-4, 0x1.1fbd27cdc72d3p+0},
    {0x1.68591a1e83b5dp-4, 0x1.1f1b7ae44867fp+0},
    {0x1.b0081148a873ap-4, 0x1.1e565bca400d4p+0},
    {0x1.f78159ec8bb50p-4, 0x1.1d6e14099944ap+0},
    {0x1.1f5e1a35c3b89p-3, 0x1.1c62fa1e869b6p+0},
    {0x1.42d7fc2f64959p-3, 0x1.1b357141d95d5p+0},
    {0x1.662a0bdf7a89fp-3, 0x1.19e5e92b964abp+0},
    {0x1.895010fdbdbfdp-3, 0x1.1874ddcdfce24p+0},
    {0x1.ac45e37fe2526p-3, 0x1.16e2d7093cd8cp+0},
    {0x1.cf076d1233237p-3, 0x1.153068581b781p+0},
    {0x1.f190aa85540e2p-3, 0x1.135e3075d076bp+0},
    {0x1.09eed6982b948p-2, 0x1.116cd8fd67618p+0},
    {0x1.1af54e232d609p-2, 0x1.0f5d1602f7e41p+0},
    {0x1.2bd9db0f7827fp-2, 0x1.0d2fa5a70c168p+0},
    {0x1.3c9aa8b84bedap-2, 0x1.0ae54fa490723p+0},
    {0x1.4d35ef3e5372ep-2, 0x1.087ee4d9ad247p+0},
    {0x1.5da9f415ff23fp-2, 0x1.05fd3ecbec298p+0},
    {0x1.6df50a8dff772p-2, 0x1.03613f2812dafp+0},
    {0x1.7e15944d9d3e4p-2, 0x1.00abcf3e187a9p+0},
    {0x1.8e0a01cab516bp-2, 0x1.fbbbbef34b4b2p-1},
    {0x1.9dd0d2b721f39p-2, 0x1.f5f0cdaf15313p-1},
    {0x1.ad68966569a87p-2, 0x1.eff8c4b1375dbp-1},
    {0x1.bccfec24855b8p-2, 0x1.e9d5a8e4c934ep-1},
    {0x1.cc058392a6d2dp-2, 0x1.e38988fc46e72p-1},
    {0x1.db081ce6e2a48p-2, 0x1.dd167c4cf9d2ap-1},
    {0x1.e9d68931ae650p-2, 0x1.d67ea1a8b5368p-1},
    {0x1.f86faa9428f9dp-2, 0x1.cfc41e36c7df9p-1},
    {0x1.03693a371519cp-1, 0x1.c8e91c4d01368p-1},
    {0x1.0a7ef5c18edd2p-1, 0x1.c1efca49a5011p-1},
    {0x1.1178930ada115p-1, 0x1.bada596f25436p-1},
    {0x1.1855a5fd3dd50p-1, 0x1.b3aafcc27502ep-1},
    {0x1.1f15cb50bc4dep-1, 0x1.ac63e7ecc1411p-1},
    {0x1.25b8a88b6dd7fp-1, 0x1.a5074e2157620p-1},
    {0x1.2c3debfd7d6c1p-1, 0x1.9d97610879642p-1},
    {0x1.32a54cb8db67bp-1, 0x1.96164fafd8de3p-1},
    {0x1.38ee8a84beb71p-1, 0x1.8e86458169af8p-1},
    {0x1.3f196dcd0f135p-1, 0x1.86e9694134b9ep-1},
    {0x1.4525c78dd5966p-1, 0x1.7f41dc12c9e89p-1},
    {0x1.4b13713ad3513p-1, 0x1.7791b886e7403p-1},
    {0x1.50e24ca35fd2cp-1, 0x1.6fdb11b1e0c34p-1},
    {0x1.569243d2b3a9bp-1, 0x1.681ff24b4ab04p-1},
    {0x1.5c2348ecc4dc3p-1, 0x1.60625bd75d07bp-1},
    {0x1.61955607dd15dp-1, 0x1.58a445da7c74cp-1},
    {0x1.66e86d0312e82p-1, 0x1.50e79d1749ac9p-1},
    {0x1.6c1c9759d0e5fp-1, 0x1.492e42d78d2c5p-1},
    {0x1.7131e5f496a5ap-1, 0x1.417a0c4049fd0p-1},
    {0x1.762870f720c6fp-1, 0x1.39ccc1b136d5ap-1},
    {0x1.7b00578c26037p-1, 0x1.32281e2fd1a92p-1},
    {0x1.7fb9bfaed8078p-1, 0x1.2a8dcede3673bp-1},
    {0x1.8454d5f25760dp-1, 0x1.22ff727dd6f7bp-1},
    {0x1.88d1cd474a2e0p-1, 0x1.1b7e98fe26217p-1},
    {0x1.8d30debfc572ep-1, 0x1.140cc3173f007p-1},
    {0x1.91724951b8fc6p-1, 0x1.0cab61f084b93p-1},
    {0x1.959651980da31p-1, 0x1.055bd6d32e8d7p-1},
    {0x1.999d4192a5715p-1, 0x1.fc3ee5d1524b0p-2},
    {0x1.9d8768656cc42p-1, 0x1.edeeee0959518p-2},
    {0x1.a1551a16aaeafp-1, 0x1.dfca26f5bbf88p-2},
    {0x1.a506af4cc00f4p-1, 0x1.d1d2cfff91594p-2},
    {0x1.a89c850b7d54dp-1, 0x1.c40b0729ed548p-2},
    {0x1.ac16fc7143263p-1, 0x1.b674c8ffc6283p-2},
    {0x1.af767a741088bp-1, 0x1.a911f096fbc26p-2},
    {0x1.b2bb679ead19cp-1, 0x1.9be437a7de946p-2},
    {0x1.b5e62fce16095p-1, 0x1.8eed36b886d93p-2},
    {0x1.b8f741ef54f83p-1, 0x1.822e655b417e7p-2},
    {0x1.bbef0fbde6221p-1, 0x1.75a91a7f4d2edp-2},
    {0x1.bece0d82d1a5cp-1, 0x1.695e8cd31867ep-2},
    {0x1.c194b1d49a184p-1, 0x1.5d4fd33729015p-2},
    {0x1.c443755820d64p-1, 0x1.517de540ce2a3p-2},
    {0x1.c6dad2829ec62p-1, 0x1.45e99bcbb7915p-2},
    {0x1.c95b455cce69dp-1, 0x1.3a93b1998736cp-2},
    {0x1.cbc54b476248dp-1, 0x1.2f7cc3fe6f423p-2},
    {0x1.ce1962c0e0d8bp-1, 0x1.24a55399ea239p-2},
    {0x1.d0580b2cfd249p-1, 0x1.1a0dc51a9934dp-2},
    {0x1.d281c49d818d0p-1, 0x1.0fb6620c550afp-2},
    {0x1.d4970f9ce00d9p-1, 0x1.059f59af7a906p-2},
    {0x1.d6986cfa798e7p-1, 0x1.f79183b101c5bp-3},
    {0x1.d8865d98abe01p-1, 0x1.e4652fadcb6b2p-3},
    {0x1.da61623cb41e0p-1, 0x1.d1b982c501370p-3},
    {0x1.dc29fb60715afp-1, 0x1.bf8e1b1ca2279p-3},
    {0x1.dde0a90611a0dp-1, 0x1.ade26b7fbed95p-3},
    {0x1.df85ea8db188ep-1, 0x1.9cb5bd549b111p-3},
    {0x1.e11a3e8cf4eb8p-1, 0x1.8c07329874652p-3},
    {0x1.e29e22a89d766p-1, 0x1.7bd5c7df3fe9cp-3},
    {0x1.e4121370224ccp-1, 0x1.6c205655be720p-3},
    {0x1.e5768c3b4a3fcp-1, 0x1.5ce595c455b0ap-3},
    {0x1.e6cc0709c8a0dp-1, 0x1.4e241e912c305p-3},
    {0x1.e812fc64db369p-1, 0x1.3fda6bc016994p-3},
    {0x1.e94be342e6743p-1, 0x1.3206dceef5f87p-3},
    {0x1.ea7730ed0bbb9p-1, 0x1.24a7b84d38971p-3},
    {0x1.eb9558e6b42cep-1, 0x1.17bb2c8d41535p-3},
    {0x1.eca6ccd709544p-1, 0x1.0b3f52ce8c383p-3},
    {0x1.edabfc7453e63p-1, 0x1.fe6460fef4680p-4},
    {0x1.eea5557137ae0p-1, 0x1.e723726b824a9p-4},
    {0x1.ef93436bc2daap-1, 0x1.d0b7a0f921e7cp-4},
    {0x1.f0762fde45ee6p-1, 0x1.bb1c972f23e50p-4},
    {0x1.f14e8211e8c55p-1, 0x1.a64de673e8837p-4},
    {0x1.f21c9f12f0677p-1, 0x1.92470a61b6965p-4},
    {0x1.f2e0e9a6a8b09p-1, 0x1.7f036c0107294p-4},
    {0x1.f39bc242e43e6p-1, 0x1.6c7e64e7281cbp-4},
    {0x1.f44d870704911p-1, 0x1.5ab342383d178p-4},
    {0x1.f4f693b67bd77p-1, 0x1.499d478bca735p-4},
    {0x1.f59741b4b97cfp-1, 0x1.3937b1b31925ap-4},
    {0x1.f62fe80272419p-1, 0x1.297db960e4f63p-4},
    {0x1.f6c0db3c34641p-1, 0x1.1a6a95b1e786fp-4},
    {0x1.f74a6d9a38383p-1, 0x1.0bf97e95f2a64p-4},
    {0x1.f7cceef15d631p-1, 0x1.fc4b5e32d6259p-5},
    {0x1.f848acb544e95p-1, 0x1.e1d4cf1e2450ap-5},
    {0x1.f8bdf1fb78370p-1, 0x1.c885df3451a07p-5},
    {0x1.f92d077f8d56dp-1, 0x1.b055303221015p-5},
    {0x1.f99633a838a57p-1, 0x1.993979e14fffep-5},
    {0x1.f9f9ba8d3c733p-1, 0x1.83298d717210ep-5},
    {0x1.fa57ddfe27376p-1, 0x1.6e1c5893c380bp-5},
    {0x1.fab0dd89d1309p-1, 0x1.5a08e85af27e0p-5},
    {0x1.fb04f6868a944p-1, 0x1.46e66be002240p-5},
    {0x1.fb54641aebbc9p-1, 0x1.34ac36ad8dafep-5},
    {0x1.fb9f5f4739170p-1, 0x1.2351c2f2d1449p-5},
    {0x1.fbe61eef4cf6ap-1, 0x1.12ceb37ff9bc3p-5},
    {0x1.fc28d7e4f9cd0p-1, 0x1.031ad58d56279p-5},
    {0x1.fc67bcf2d7b8fp-1, 0x1.e85c449e377f3p-6},
    {0x1.fca2fee770c79p-1, 0x1.cc0180af00a8bp-6},
    {0x1.fcdacca0bfb73p-1, 0x1.b1160991ff737p-6},
    {0x1.fd0f5317f582fp-1, 0x1.978ae8b55ce1bp-6},
    {0x1.fd40bd6d7a785p-1, 0x1.7f5188610ddc8p-6},
    {0x1.fd6f34f52013ap-1, 0x1.685bb5134ef13p-6},
    {0x1.fd9ae142795e3p-1, 0x1.529b9e8cf9a1ep-6},
    {0x1.fdc3e835500b3p-1, 0x1.3e03d891b37dep-6},
    {0x1.fdea6e062d0c9p-1, 0x1.2a875b5ffab56p-6},
    {0x1.fe0e9552ebdd6p-1, 0x1.181983e5133ddp-6},
    {0x1.fe307f2b503d0p-1, 0x1.06ae13b0d3255p-6},
    {0x1.fe504b1d9696cp-1, 0x1.ec72615a894c4p-7},
    {0x1.fe6e1742f7cf6p-1, 0x1.cd5ec93c12432p-7},
    {0x1.fe8a004c19ae6p-1, 0x1.b00b38d6b3575p-7},
    {0x1.fea4218d6594ap-1, 0x1.94624e78e0fafp-7},
    {0x1.febc950b3fa75p-1, 0x1.7a4f6aca256cbp-7},
    {0x1.fed37386190fbp-1, 0x1.61beae53b72b7p-7},
    {0x1.fee8d486585eep-1, 0x1.4a9cf6bda3f4cp-7},
    {0x1.fefcce6813974p-1, 0x1.34d7dbc76d7e5p-7},
    {0x1.ff0f766697c76p-1, 0x1.205dac02bd6b9p-7},
    {0x1.ff20e0a7ba8c2p-1, 0x1.0d1d69569b82dp-7},
    {0x1.ff312046f2339p-1, 0x1.f60d8aa2a88f2p-8},
    {0x1.ff404760319b4p-1, 0x1.d4143a9dfe965p-8},
    {0x1.ff4e671a85425p-1, 0x1.b430ecf4a83a8p-8},
    {0x1.ff5b8fb26f5f6p-1, 0x1.9646f35a76624p-8},
    {0x1.ff67d08401202p-1, 0x1.7a3ade6c8b3e5p-8},
    {0x1.ff733814af88cp-1, 0x1.5ff2750fe7820p-8},
    {0x1.ff7dd41ce2b4dp-1, 0x1.4754abacdf1dcp-8},
    {0x1.ff87b1913e853p-1, 0x1.30499b503957fp-8},
    {0x1.ff90dcaba4096p-1, 0x1.1aba78ba3af89p-8},
    {0x1.ff9960f3eb327p-1, 0x1.06918b6355624p-8},
    {0x1.ffa14948549a7p-1, 0x1.e77448fb66bb9p-9},
    {0x1.ffa89fe5b3625p-1, 0x1.c4412bf4b8f0bp-9},
    {0x1.ffaf6e6f4f5c0p-1, 0x1.a3645330550ffp-9},
    {0x1.ffb5bdf67fe6fp-1, 0x1.84ba3004a50d0p-9},
    {0x1.ffbb970200110p-1, 0x1.6821000795a03p-9},
    {0x1.ffc10194fcb64p-1, 0x1.4d78bba8ca5fdp-9},
    {0x1.ffc60535dd7f5p-1, 0x1.34a305080681fp-9},
    {0x1.ffcaa8f4c9beap-1, 0x1.1d83170fbf6fbp-9},
    {0x1.ffcef371ea4d7p-1, 0x1.07fdb4dafea5fp-9},
    {0x1.ffd2eae369a07p-1, 0x1.e7f232d9e2630p-10},
    {0x1.ffd6951b33686p-1, 0x1.c2b9cf7f893bfp-10},
    {0x1.ffd9f78c7524ap-1, 0x1.a024365f771bdp-10},
    {0x1.ffdd1750e1220p-1, 0x1.8005f08d6f1efp-10},
    {0x1.ffdff92db56e5p-1, 0x1.6235fbd7a4345p-10},
    {0x1.ffe2a1988857cp-1, 0x1.468dadf4080abp-10},
    {0x1.ffe514bbdc197p-1, 0x1.2ce898809244ep-10},
    {0x1.ffe7567b7b5e1p-1, 0x1.15246dda49d47p-10},
    {0x1.ffe96a78a04a9p-1, 0x1.fe41cd9bb4eeep-11},
    {0x1.ffeb5415e7c44p-1, 0x1.d57f524723822p-11},
    {0x1.ffed167b12ac2p-1, 0x1.afc85e0f82e12p-11},
    {0x1.ffeeb49896c6dp-1, 0x1.8ce75e9f6f8a0p-11},
    {0x1.fff0312b010b5p-1, 0x1.6caa0d3582fe9p-11},
    {0x1.fff18ebe2b0e1p-1, 0x1.4ee1429bf7cc0p-11},
    {0x1.fff2cfb0453d9p-1, 0x1.3360ccd23db3ap-11},
    {0x1.fff3f634b79f9p-1, 0x1.19ff4663ae9dfp-11},
    {0x1.fff50456dab8cp-1, 0x1.0295ef6591848p-11},
    {0x1.fff5fbfc8a439p-1, 0x1.da01102b5f851p-12},
    {0x1.fff6dee89352ep-1, 0x1.b23a5a23e4210p-12},
    {0x1.fff7aebcff755p-1, 0x1.8d986a4187285p-12},
    {0x1.fff86cfd3e657p-1, 0x1.6be02102b3520p-12},
    {0x1.fff91b102fca8p-1, 0x1.4cda5374ea275p-12},
    {0x1.fff9ba420e834p-1, 0x1.30538fbb77ecdp-12},
    {0x1.fffa4bc63ee9ap-1, 0x1.161be46ad3b50p-12},
    {0x1.fffad0b901755p-1, 0x1.fc0d55470cf51p-13},
    {0x1.fffb4a210b172p-1, 0x1.cfd4a5adec5c0p-13},
    {0x1.fffbb8f1049c6p-1, 0x1.a740684026555p-13},
    {0x1.fffc1e08f25f5p-1, 0x1.8208bc334a6a5p-13},
    {0x1.fffc7a37857d2p-1, 0x1.5feada379d8b7p-13},
    {0x1.fffcce3b57bffp-1, 0x1.40a8c1949f75ep-13},
    {0x1.fffd1ac4135f9p-1, 0x1.2408e9ba3327fp-13},
    {0x1.fffd607387b07p-1, 0x1.09d5f819c9e29p-13},
    {0x1.fffd9fdeabccep-1, 0x1.e3bcf436a1a95p-14},
    {0x1.fffdd98e903b2p-1, 0x1.b7e94604479dcp-14},
    {0x1.fffe0e0140857p-1, 0x1.8fdc1b2dcf7b9p-14},
    {0x1.fffe3daa95b18p-1, 0x1.6b4702d7d5849p-14},
    {0x1.fffe68f4fa777p-1, 0x1.49e17724f4d41p-14},
    {0x1.fffe904222101p-1, 0x1.2b6875310f785p-14},
    {0x1.fffeb3ebb267bp-1, 0x1.0f9e1b4dd36dfp-14},
    {0x1.fffed443e2787p-1, 0x1.ec929a665b449p-15},
    {0x1.fffef1960d85dp-1, 0x1.be6abbb10a5aap-15},
    {0x1.ffff0c273bea2p-1, 0x1.94637d5bacfdbp-15},
    {0x1.ffff2436a21dcp-1, 0x1.6e2367dc27f95p-15},
    {0x1.ffff39fe16963p-1, 0x1.4b581b8d170fcp-15},
    {0x1.ffff4db27f146p-1, 0x1.2bb5cc22e5db6p-15},
    {0x1.ffff5f8435efcp-1, 0x1.0ef6c4c84a0fep-15},
    {0x1.ffff6f9f67e55p-1, 0x1.e9b5e8d00ce77p-16},
    {0x1.ffff7e2c6aea2p-1, 0x1.ba4f035d60e03p-16},
    {0x1.ffff8b500e77cp-1, 0x1.8f4ccca7fc90dp-16},
    {0x1.ffff972be5c59p-1, 0x1.684c227fcacefp-16},
    {0x1.ffffa1de8c582p-1, 0x1.44f21e49054f2p-16},
    {0x1.ffffab83e54b8p-1, 0x1.24eb7254ccf83p-16},
    {0x1.ffffb43555b5fp-1, 0x1.07ebd2a2d2844p-16},
    {0x1.ffffbc09fa7cdp-1, 0x1.db5ad0b27805cp-17},
    {0x1.ffffc316d9ed0p-1, 0x1.abe09e9144b5ep-17},
    {0x1.ffffc96f1165ep-1, 0x1.80f439b4ee04bp-17},
    {0x1.ffffcf23ff5fcp-1, 0x1.5a2adfa0b4bc4p-17},
    {0x1.ffffd4456a10dp-1, 0x1.37231085c7d9ap-17},
    {0x1.ffffd8e1a2f22p-1, 0x1.1783ceac28910p-17},
    {0x1.ffffdd05a75eap-1, 0x1.f5f7d88472604p-18},
    {0x1.ffffe0bd3e852p-1, 0x1.c282cd3957edap-18},
    {0x1.ffffe41314e06p-1, 0x1.94219bfcb4928p-18},
    {0x1.ffffe710d565ep-1, 0x1.6a597219a93dap-18},
    {0x1.ffffe9bf4098cp-1, 0x1.44ba864670882p-18},
    {0x1.ffffec2641a9ep-1, 0x1.22df298214423p-18},
    {0x1.ffffee4d01cd6p-1, 0x1.046aeabcfcdecp-18},
    {0x1.fffff039f9e8fp-1, 0x1.d21397ead99cbp-19},
    {0x1.fffff1f302bc1p-1, 0x1.a0df0f0c626dcp-19},
    {0x1.fffff37d63a36p-1, 0x1.74adc8f4064d3p-19},
    {0x1.fffff4dde0118p-1, 0x1.4d0231928c6f9p-19},
    {0x1.fffff618c3da6p-1, 0x1.296a70f414053p-19},
    {0x1.fffff731ee681p-1, 0x1.097f6156f32c5p-19},
    {0x1.fffff82cdcf1bp-1, 0x1.d9c73698fb1dcp-20},
    {0x1.fffff90cb3c81p-1, 0x1.a6852c6b58392p-20},
    {0x1.fffff9d446cccp-1, 0x1.789fb715aae95p-20},
    {0x1.fffffa8621251p-1, 0x1.4f8c96f26a26ap-20},
    {0x1.fffffb248c39dp-1, 0x1.2acee2f5ecdb8p-20},
    {0x1.fffffbb196132p-1, 0x1.09f5cf4dd2877p-20},
    {0x1.fffffc2f171e3p-1, 0x1.d9371e2ff7c35p-21},
    {0x1.fffffc9eb76acp-1, 0x1.a4c89e08ef4f3p-21},
    {0x1.fffffd01f36afp-1, 0x1.75fa8dbc84becp-21},
    {0x1.fffffd5a2041fp-1, 0x1.4c37c0394d094p-21},
    {0x1.fffffda86faa9p-1, 0x1.26f9df8519bd7p-21},
    {0x1.fffffdedf37edp-1, 0x1.05c803e4831c1p-21},
    {0x1.fffffe2ba0ea5p-1, 0x1.d06ad6ecdf971p-22},
    {0x1.fffffe62534d4p-1, 0x1.9bc09f112b494p-22},
    {0x1.fffffe92ced93p-1, 0x1.6ce1aa3fd7bddp-22},
    {0x1.fffffebdc2ec6p-1, 0x1.43302cc4a0da8p-22},
    {0x1.fffffee3cc32cp-1, 0x1.1e1e857adc568p-22},
    {0x1.ffffff0576917p-1, 0x1.fa5b4f49cc6b2p-23},
    {0x1.ffffff233ee1dp-1, 0x1.bfd7555a3bd68p-23},
    {0x1.ffffff3d9480fp-1, 0x1.8be4f8f6c951fp-23},
    {0x1.ffffff54dab72p-1, 0x1.5dcd669f2cd34p-23},
    {0x1.ffffff6969fb8p-1, 0x1.34ecf8a3c124ap-23},
    {0x1.ffffff7b91176p-1, 0x1.10b1488aeb235p-23},
    {0x1.ffffff8b962bep-1, 0x1.e12ee004efc37p-24},
    {0x1.ffffff99b79d2p-1, 0x1.a854ea14102a8p-24},
    {0x1.ffffffa62ce54p-1, 0x1.7603bac345f65p-24},
    {0x1.ffffffb127525p-1, 0x1.4980cb3c80949p-24},
    {0x1.ffffffbad2affp-1, 0x1.2225b12bffc68p-24},
    {0x1.ffffffc355dfdp-1, 0x1.febc107d5efaap-25},
    {0x1.ffffffcad3626p-1, 0x1.c14b2188bcee4p-25},
    {0x1.ffffffd169d0cp-1, 0x1.8b0cfce0579e0p-25},
    {0x1.ffffffd7344aap-1, 0x1.5b2fe547a1340p-25},
    {0x1.ffffffdc4ad7ap-1, 0x1.30f93c3699078p-25},
    {0x1.ffffffe0c2bf0p-1, 0x1.0bc30c5d52f15p-25},
    {0x1.ffffffe4aed5ep-1, 0x1.d5f3a8dea7357p-26},
    {0x1.ffffffe81fc4ep-1, 0x1.9c3517e789488p-26},
    {0x1.ffffffeb24467p-1, 0x1.6961b8d641d06p-26},
    {0x1.ffffffedc95e7p-1, 0x1.3cab1343d18d1p-26},
    {0x1.fffffff01a8b6p-1, 0x1.155a09065d4f7p-26},
    {0x1.fffffff221f30p-1, 0x1.e59890b926c78p-27},
    {0x1.fffffff3e8892p-1, 0x1.a8e405e651ab6p-27},
    {0x1.fffffff57632dp-1, 0x1.7397c5a66e307p-27},
    {0x1.fffffff6d1e56p-1, 0x1.44d26de513197p-27},
    {0x1.fffffff801c1fp-1, 0x1.1bcca373b7b43p-27},
    {0x1.fffffff90b2e3p-1, 0x1.efac5187b2863p-28},
    {0x1.fffffff9f2e9fp-1, 0x1.b0a68a2128babp-28},
    {0x1.fffffffabd229p-1, 0x1.7974e743dea3dp-28},
    {0x1.fffffffb6d844p-1, 0x1.4924a74dec729p-28},
    {0x1.fffffffc0748fp-1, 0x1.1edfa3c5f5ccap-28},
    {0x1.fffffffc8d462p-1, 0x1.f3d2185e047d9p-29},
    {0x1.fffffffd01f89p-1, 0x1.b334fac4b9f99p-29},
    {0x1.fffffffd678edp-1, 0x1.7ac2d72fc2c63p-29},
    {0x1.fffffffdbff2ap-1, 0x1.4979ac8b28927p-29},
    {0x1.fffffffe0cd16p-1, 0x1.1e767bce37dd7p-29},
    {0x1.fffffffe4fa30p-1, 0x1.f1e3523b41d7dp-30},
    {0x1.fffffffe89b0cp-1, 0x1.b0778b7b3301bp-30},
    {0x1.fffffffebc1a9p-1, 0x1.77756ec9f78fap-30},
    {0x1.fffffffee7dc8p-1, 0x1.45ce65699ff6dp-30},
    {0x1.ffffffff0dd2bp-1, 0x1.1a94ff571654fp-30},
    {0x1.ffffffff2ebdap-1, 0x1.e9f1ff8ddd774p-31},
    {0x1.ffffffff4b453p-1, 0x1.a887bd2b4404dp-31},
    {0x1.ffffffff63fc3p-1, 0x1.6fab63324088ap-31},
    {0x1.ffffffff79626p-1, 0x1.3e44e45301b92p-31},
    {0x1.ffffffff8be77p-1, 0x1.135f28f2d50b4p-31},
    {0x1.ffffffff9bec8p-1, 0x1.dc479de0ef001p-32},
    {0x1.ffffffffa9c63p-1, 0x1.9baed3ed27ab8p-32},
    {0x1.ffffffffb5be5p-1, 0x1.63ac6b4edc88ep-32},
    {0x1.ffffffffc014ep-1, 0x1.332259185f1a0p-32},
    {0x1.ffffffffc901cp-1, 0x1.0916f04b6e18bp-32},
    {0x1.ffffffffd0b56p-1, 0x1.c960bf23153e0p-33},
    {0x1.ffffffffd759dp-1, 0x1.8a61745ec7d1dp-33},
    {0x1.ffffffffdd13cp-1, 0x1.53e4f7d1666cbp-33},
    {0x1.ffffffffe202dp-1, 0x1.24caf2c32af14p-33},
    {0x1.ffffffffe642ap-1, 0x1.f830c0bb41fd7p-34},
    {0x1.ffffffffe9eb0p-1, 0x1.b1e5acf351d87p-34},
    {0x1.ffffffffed10ap-1, 0x1.7538c60a04476p-34},
    {0x1.ffffffffefc57p-1, 0x1.40dfd87456f4cp-34},
    {0x1.fffffffff218fp-1, 0x1.13bc07e891491p-34},
    {0x1.fffffffff4188p-1, 0x1.d9a880f306bd8p-35},
    {0x1.fffffffff5cfdp-1, 0x1.96a0b33f2c4dap-35},
    {0x1.fffffffff748ep-1, 0x1.5ce9ab1670dd2p-35},
    {0x1.fffffffff88c5p-1, 0x1.2b3e53538ff3fp-35},
    {0x1.fffffffff9a1bp-1, 0x1.0084ff125639dp-35},
    {0x1.fffffffffa8f6p-1, 0x1.b7937d1c40c53p-36},
    {0x1.fffffffffb5b0p-1, 0x1.7872d9fa10aadp-36},
    {0x1.fffffffffc095p-1, 0x1.423ac0df49a40p-36},
    {0x1.fffffffffc9e8p-1, 0x1.13af4f04f9998p-36},
    {0x1.fffffffffd1e1p-1, 0x1.d77f0c82e7641p-37},
    {0x1.fffffffffd8b3p-1, 0x1.92ff33023d5bdp-37},
    {0x1.fffffffffde86p-1, 0x1.5847eda620959p-37},
    {0x1.fffffffffe380p-1, 0x1.25f9ee0b923dcp-37},
    {0x1.fffffffffe7c0p-1, 0x1.f5cc7718082b0p-38},
    {0x1.fffffffffeb60p-1, 0x1.ac0f5f3229372p-38},
    {0x1.fffffffffee77p-1, 0x1.6cfa9bcca59dcp-38},
    {0x1.ffffffffff11ap-1, 0x1.370ab8327af5ep-38},
    {0x1.ffffffffff359p-1, 0x1.08f24085d4597p-38},
    {0x1.ffffffffff542p-1, 0x1.c324c20e337dcp-39},
    {0x1.ffffffffff6e3p-1, 0x1.7fe903cdf5855p-39},
    {0x1.ffffffffff845p-1, 0x1.46897d4b69fc6p-39},
    {0x1.ffffffffff973p-1, 0x1.159a386b11517p-39},
    {0x1.ffffffffffa73p-1, 0x1.d7c593130dd0bp-40},
    {0x1.ffffffffffb4cp-1, 0x1.90ae4d3405651p-40},
    {0x1.ffffffffffc05p-1, 0x1.5422ef5d8949dp-40},
    {0x1.ffffffffffca2p-1, 0x1.20997f73e73ddp-40},
    {0x1.ffffffffffd27p-1, 0x1.e9810295890ecp-41},
    {0x1.ffffffffffd98p-1, 0x1.9eee068fa7596p-41},
    {0x1.ffffffffffdf8p-1, 0x1.5f8b87a31bd85p-41},
    {0x1.ffffffffffe49p-1, 0x1.29b2933ef4cbcp-41},
    {0x1.ffffffffffe8dp-1, 0x1.f7f338086a86bp-42},
    {0x1.ffffffffffec7p-1, 0x1.aa577251ae485p-42},
    {0x1.ffffffffffef8p-1, 0x1.68823e52970bep-42},
    {0x1.fffffffffff22p-1, 0x1.30b14dbe876bcp-42},
    {0x1.fffffffffff45p-1, 0x1.01647ba798745p-42},
    {0x1.fffffffffff62p-1, 0x1.b2a87e86d0c8ap-43},
    {0x1.fffffffffff7bp-1, 0x1.6ed2f2515e933p-43},
    {0x1.fffffffffff90p-1, 0x1.356cd5ce7799ep-43},
    {0x1.fffffffffffa2p-1, 0x1.04e15ecc7f3f6p-43},
    {0x1.fffffffffffb1p-1, 0x1.b7b040832f310p-44},
    {0x1.fffffffffffbep-1, 0x1.7258610b3b233p-44},
    {0x1.fffffffffffc8p-1, 0x1.37c92babdc2fdp-44},
    {0x1.fffffffffffd1p-1, 0x1.065b9616170d4p-44},
    {0x1.fffffffffffd9p-1, 0x1.b950d32467392p-45},
    {0x1.fffffffffffdfp-1, 0x1.72fd93e036cdcp-45},
    {0x1.fffffffffffe4p-1, 0x1.37b83c521fe96p-45},
    {0x1.fffffffffffe9p-1, 0x1.05ca50205d26ap-45},
    {0x1.fffffffffffedp-1, 0x1.b7807e294781fp-46},
    {0x1.ffffffffffff0p-1, 0x1.70beaf9c7ffb6p-46},
    {0x1.ffffffffffff3p-1, 0x1.353a6cf7f7fffp-46},
    {0x1.ffffffffffff5p-1, 0x1.0330f0fd69921p-46},
    {0x1.ffffffffffff7p-1, 0x1.b24a16b4d09aap-47},
    {0x1.ffffffffffff8p-1, 0x1.6ba91ac734786p-47},
    {0x1.ffffffffffff9p-1, 0x1.305e9721d0981p-47},
    {0x1.ffffffffffffbp-1, 0x1.fd3de10d62855p-48},
    {0x1.ffffffffffffbp-1, 0x1.a9cc93c25aca9p-48},
    {0x1.ffffffffffffcp-1, 0x1.63daf8b4b1e0cp-48},
    {0x1.ffffffffffffdp-1, 0x1.294175802d99ap-48},
    {0x1.ffffffffffffdp-1, 0x1.f05e82aae2bb9p-49},
    {0x1.ffffffffffffep-1, 0x1.9e39dc5dd2f7cp-49},
    {0x1.ffffffffffffep-1, 0x1.5982008db1304p-49},
    {0x1.ffffffffffffep-1, 0x1.200c898d9ee3ep-49},
    {0x1.fffffffffffffp-1, 0x1.e00e9148a1d25p-50},
    {0x1.fffffffffffffp-1, 0x1.8fd4e01891bf8p-50},
    {0x1.fffffffffffffp-1, 0x1.4cd9c04158cd7p-50},
    {0x1.fffffffffffffp-1, 0x1.14f4890ff2461p-50},
    {0x1.fffffffffffffp-1, 0x1.ccaaea71ab0dfp-51},
    {0x1.0000000000000p+0, 0x1.7eef13b59e96cp-51},
    {0x1.0000000000000p+0, 0x1.3e296303b2297p-51},
    {0x1.0000000000000p+0, 0x1.083768c5e4542p-51},
    {0x1.0000000000000p+0, 0x1.b69f10b0191b5p-52},
    {0x1.0000000000000p+0, 0x1.6be573c40c8e7p-52},
    {0x1.0000000000000p+0, 0x1.2dc119095729fp-52},
};
/* m^(-1/3), a first guess */
/* error 2^-8.4 (minimax 2^-8.4) on [1, 8] */
static const double CBRT[6] = {
    0x1.6cc788460466bp+0,  -0x1.318407f859c91p-1, 0x1.a17bf06d9db35p-3,
    -0x1.3c5aa888e4a72p-5, 0x1.e48ce07c02682p-9,  -0x1.246d6fc5d46e4p-13,
};
/* tanh t = t + t z TANH(z), z = t^2 */
/* error 2^-60.6 (minimax 2^-60.7) on [0, 0.30253] */
static const double TANH[11] = {
    -0x1.555555555554fp-2,  0x1.11111111107a5p-3,  -0x1.ba1ba1b97e7bfp-5,  0x1.664f4859b9c5ap-6,
    -0x1.226e2f1f47378p-7,  0x1.d6d29d6f28c68p-9,  -0x1.7d8fec922140dp-10, 0x1.348481383c27ap-11,
    -0x1.e9784947fbd51p-13, 0x1.5d8cf8b342afep-14, -0x1.474e0daca648ap-16,
};
/* log gamma(x) = (x - 1/2) log x - x + log(2 pi)/2 + STIRLING(1/x^2)/x, x >= 8 */
#define PI_DD_1 0x1.921fb54442d18p+1
#define PI_DD_2 0x1.1a62633145c07p-53
#define HALF_LOG_2PI_1 0x1.d67f1c864beb5p-1
#define HALF_LOG_2PI_2 -0x1.65b5a1b7ff5dfp-55
/* error 2^-64.2 (minimax 2^-70.2) on [0, 0.015625] */
static const double STIRLING[8] = {
    0x1.5555555555555p-4,  -0x1.6c16c16c127b5p-9,  0x1.a01a017a93103p-11, -0x1.381359a71e4aap-11,
    0x1.b93b24e9ab7abp-11, -0x1.f2f311a13b37ap-10, 0x1.787ccd546b74bp-8,  -0x1.b6459fa1f70e5p-7,
};
/* e^r = 1 + r + r^2/2 + r^3/6 + r^4 EXP_DD(r) */
/* error 2^-63.2 (minimax 2^-63.2) on [-0.346608, 0.346608] */
static const double EXP_DD[9] = {
    0x1.5555555555530p-5,  0x1.111111111035dp-7,  0x1.6c16c16c28ff2p-10,
    0x1.a01a01abff45bp-13, 0x1.a01a0141ec3b3p-16, 0x1.71de006017c79p-19,
    0x1.27e5ba501c3abp-22, 0x1.af52d06ad49b5p-26, 0x1.1e160ce0a0bf5p-29,
};
/* sin r = r - r^3/6 + r^5/120 + r^7 SIN_DD(z), z = r^2 */
#define FIFTEENTH_DD_1 0x1.1111111111111p-4
#define FIFTEENTH_DD_2 0x1.1111111111111p-60
/* error 2^-73.9 (minimax 2^-74.0) on [0, 0.888857] */
static const double SIN_DD[6] = {
    -0x1.a01a01a01a013p-13, 0x1.71de3a556b095p-19,  -0x1.ae64567bca6d0p-26,
    0x1.61245cc420c32p-33,  -0x1.ae7932aadce04p-41, 0x1.90f76fc75a179p-49,
};
/* cos r = 1 - z/2 + z^2/24 + z^3 COS_DD(z) */
/* error 2^-68.4 (minimax 2^-68.5) on [0, 0.395179] */
static const double COS_DD[5] = {
    -0x1.6c16c16c16b30p-10, 0x1.a01a019fcb94dp-16,  -0x1.27e4fad6dbdf5p-22,
    0x1.1eec55103a0a0p-29,  -0x1.914912b9b3571p-37,
};
/* log gamma(1 + d) = d (LGAMMA1_A + d (LGAMMA1_B + d LGAMMA1(d))) */
#define LGAMMA1_A_1 -0x1.2788cfc6fb619p-1
#define LGAMMA1_A_2 0x1.6cb90701fbfabp-58
#define LGAMMA1_B_1 0x1.a51a6625307d3p-1
#define LGAMMA1_B_2 0x1.1873d8912200cp-56
/* error 2^-63.2 (minimax 2^-63.2) on [-0.1001, 0.1001] */
static const double LGAMMA1[12] = {
    -0x1.9a4d55beab2cdp-2, 0x1.151322ac7d824p-2, -0x1.a8b9c17aafb05p-3, 0x1.5b40cb1023a8ap-3,
    -0x1.2703a1c47611cp-3, 0x1.010b36828a9c8p-3, -0x1.c806a9654a388p-4, 0x1.9a0237b888ab7p-4,
    -0x1.746ac234c3056p-4, 0x1.5541718968982p-4, -0x1.44bb157cf4d83p-4, 0x1.2ed8865173e80p-4,
};
/* log gamma(2 + d) = d (LGAMMA2_A + d (LGAMMA2_B + d LGAMMA2(d))) */
#define LGAMMA2_A_1 0x1.b0ee6072093cep-2
#define LGAMMA2_A_2 0x1.6cb90701fbfabp-58
#define LGAMMA2_B_1 0x1.4a34cc4a60fa6p-2
#define LGAMMA2_B_2 0x1.1873d8912200cp-56
/* error 2^-61.6 (minimax 2^-61.6) on [-0.1001, 0.1001] */
static const double LGAMMA2[9] = {
    -0x1.13e001a557609p-4,  0x1.51322ac7d6b46p-6,   -0x1.e404fc2182681p-8,
    0x1.7add6ed5a66cdp-9,   -0x1.38ac5c81afaecp-10, 0x1.0b3607fc381f2p-11,
    -0x1.d3fb5e8b2957ap-13, 0x1.a364b7b9b125fp-14,  -0x1.7b663a0e7082cp-15,
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
#define INV_LN2_F_1 0x1.7154760000000p+0f
#define INV_LN2_F_2 0x1.4ae0c00000000p-26f
#define INV_LN10_F_1 0x1.bcb7b20000000p-2f
#define INV_LN10_F_2 -0x1.5b235e0000000p-27f
#define LOG10_2_F_1 0x1.3440000000000p-2f
#define LOG10_2_F_2 0x1.3509f80000000p-18f
/* error 2^-29.3 (minimax 2^-29.4) on [0, 0.616974] */
static const float TAN_F[7] = {
    0x1.5555620000000p-2f, 0x1.110d2c0000000p-3f,   0x1.baeb640000000p-5f, 0x1.5c1d0a0000000p-6f,
    0x1.65d5060000000p-7f, -0x1.6a64b20000000p-17f, 0x1.21de9c0000000p-8f,
};
/* error 2^-28.7 (minimax 2^-28.7) on [0, 1] */
static const float ATAN_F[9] = {
    -0x1.5555400000000p-2f, 0x1.99926c0000000p-3f,  -0x1.24269a0000000p-3f,
    0x1.c0cf180000000p-4f,  -0x1.58d3520000000p-4f, 0x1.dcf1c40000000p-5f,
    -0x1.0194460000000p-5f, 0x1.6a57f60000000p-7f,  -0x1.de9f900000000p-10f,
};
/* error 2^-27.6 (minimax 2^-27.6) on [0, 0.25001] */
static const float ASIN_F[5] = {
    0x1.5555ca0000000p-3f, 0x1.3301680000000p-4f, 0x1.748a720000000p-5f,
    0x1.8bb2100000000p-6f, 0x1.59cf880000000p-5f,
};
/* error 2^-29.8 (minimax 2^-29.9) on [0, 0.30253] */
static const float TANH_F[5] = {
    -0x1.55554c0000000p-2f, 0x1.110d6c0000000p-3f,  -0x1.b932720000000p-5f,
    0x1.5986c60000000p-6f,  -0x1.9cae740000000p-8f,
};
/* error 2^-29.5 (minimax 2^-29.7) on [0, 1] */
static const float ERF_F[7] = {
    0x1.06eba80000000p-3f, -0x1.8127400000000p-2f,  0x1.ce2d520000000p-4f,  -0x1.b7fec40000000p-6f,
    0x1.542fea0000000p-8f, -0x1.a519500000000p-11f, 0x1.4c5bdc0000000p-14f,
};
/* log erfc(1 + t) */
/* error 2^-26.7 (minimax 2^-35.5) on [0, 3] */
static const float LOG_ERFC_F[8] = {
    -0x1.d97fc00000000p+0f, -0x1.51c9a00000000p+1f,  -0x1.afae480000000p-1f,
    -0x1.53d2040000000p-5f, 0x1.43d0be0000000p-7f,   -0x1.e381d60000000p-10f,
    0x1.b245460000000p-13f, -0x1.a1f41c0000000p-18f,
};

#endif
