/* A Poisson(1) number of a 32-bit word, by inversion: pointwise code of cpu and cuda. */
#ifndef MYRIAD_POISSON_H
#define MYRIAD_POISSON_H

#include "port.h"

/* How many k >= 0 have w >= 2^32 F(k), F(k) = exp(-1) sum_{j <= k} 1/j!, the threshold rounded to a whole
 * number; that of k = 12 is 2^32, which no word reaches. Each F(k) is right to 2^-33; the mean over all
 * words is 1 exactly. Words are compared as signed numbers, from -2^31 on. */
static MYR_HD float myr_poisson_weight(uint32_t w) {
    const int32_t at = (int32_t)(w ^ 0x80000000u);
    int32_t k = at >= (int32_t)(1580030169u ^ 0x80000000u);
    k += at >= (int32_t)(3160060337u ^ 0x80000000u);
    k += at >= (int32_t)(3950075422u ^ 0x80000000u);
    k += at >= (int32_t)(4213413783u ^ 0x80000000u);
    k += at >= (int32_t)(4279248374u ^ 0x80000000u);
    k += at >= (int32_t)(4292415292u ^ 0x80000000u);
    k += at >= (int32_t)(4294609778u ^ 0x80000000u);
    k += at >= (int32_t)(4294923276u ^ 0x80000000u);
    k += at >= (int32_t)(4294962463u ^ 0x80000000u);
    k += at >= (int32_t)(4294966817u ^ 0x80000000u);
    k += at >= (int32_t)(4294967253u ^ 0x80000000u);
    k += at >= (int32_t)(4294967292u ^ 0x80000000u);
    return (float)k;
}

#endif
