/* A ranking drawn from the Plackett-Luce model, as a race: answer y arrives after an exponential time of
 * rate exp(r_y), and the order of arrival is the ranking (of two answers: Bradley-Terry). Pointwise code of
 * cpu and cuda, in operations that IEEE 754 defines to the bit.
 *
 * Of the ranking's 2 K words the first K choose the candidates, the others are their times, in the order of
 * the candidates' numbers. Arrays are strided: on the device, threads' arrays interleave. */
#ifndef MYRIAD_RACE_H
#define MYRIAD_RACE_H

#include <stddef.h>

#include "exponential.h"
#include "logarithm.h"

/* Takes one more candidate: number floor(w left / 2^32) among the `left` answers that are not among the k
 * candidates already taken, which are in ascending order and stay so. */
static MYR_HD void myr_take_candidate(uint32_t word, uint32_t left, uint32_t k, uint32_t *answers,
                                      size_t stride) {
    uint32_t answer = (uint32_t)((uint64_t)word * left >> 32), place = 0;
    while (place < k && answers[place * stride] <= answer) {
        answer++;
        place++;
    }
    for (uint32_t n = k; n > place; n--)
        answers[n * stride] = answers[(n - 1) * stride];
    answers[place * stride] = answer;
}

/* -ln(1 - v), v = (w + 1/2)/2^32: exponential of rate 1, relative error below 6e-7 for all words, the
 * smallest too. Up to v = 1/2 it is log(1 + v/(1 - v)): v has 2 roundings (u = 2^-24 each), which count
 * twice in the quotient, and the quotient 2 more; the logarithm adds 2e-7. Above, 1 - v has 2 roundings,
 * worth 3 u of a result of at least ln 2, and myr_minus_two_log adds 4 u. */
static MYR_HD float myr_arrival(uint32_t word) {
    if (word < 0x80000000u) {
        const float v = myr_fmaf((float)word, 0x1p-32f, 0x1p-33f);
        return myr_log1p_unit(v / (1.0f - v));
    }
    return 0.5f * myr_minus_two_log(myr_fmaf((float)~word, 0x1p-32f, 0x1p-33f));
}

/* Candidate k's time, stretched by its scale exp(-r), and its place among those before it; of equal times
 * (once in 2^25.1 pairs of words) the first stays ahead. */
static MYR_HD void myr_let_arrive(uint32_t word, double scale, uint32_t k, uint32_t *answers, double *times,
                                  size_t stride) {
    const double time = (double)myr_arrival(word) * scale;
    const uint32_t answer = answers[k * stride];
    uint32_t place = k;
    for (; place > 0 && times[(place - 1) * stride] > time; place--) {
        times[place * stride] = times[(place - 1) * stride];
        answers[place * stride] = answers[(place - 1) * stride];
    }
    times[place * stride] = time;
    answers[place * stride] = answer;
}

#endif
