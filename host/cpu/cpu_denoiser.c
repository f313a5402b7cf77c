#include "cpu_denoiser.h"

#include "cpu_isa.h"
#include "ground/product.h"
#include "pointwise.h"
#include "tables/row_table.h"
#include "targets/empirical.h"
#include "targets/mixture.h"

/* The loops of name, lanes_NAME.c, by instruction set. */
#define MYR_LANES_OF_DENOISER(name)                                                       \
    extern const myr_lanes_denoiser myr_lanes_##name##_baseline, myr_lanes_##name##_avx2, \
        myr_lanes_##name##_avx512;                                                        \
    static const myr_lanes_denoiser *name##_lanes(const myr_lanes_isa *isa) {             \
        return MYR_LANES_OF(myr_lanes_##name, isa);                                       \
    }
MYR_LANES_OF_DENOISER(affine)
MYR_LANES_OF_DENOISER(mixture)
MYR_LANES_OF_DENOISER(empirical)
#define MYR_LANES_OF_POINTWISE(name, D) MYR_LANES_OF_DENOISER(name)
MYR_POINTWISE_LIST(MYR_LANES_OF_POINTWISE)

/* Folded into the rows. */
static double affine_work(const myr_target *target) {
    (void)target;
    return 0.0;
}

static myr_status affine_begin(myr_context *context, const myr_job *job, double bytes, int threads,
                               myr_lanes_table *table) {
    (void)bytes;
    (void)threads;
    return myr_affine_table_create(context, job, &table->affine);
}

static void affine_end(myr_lanes_table *table) {
    myr_affine_table_destroy(&table->affine);
}

/* A component takes some 12 operations and 4 a coordinate, where a step of a Gaussian takes 23. */
static double mixture_work(const myr_target *target) {
    return myr_mixture_of(target)->components * (target->dimension + 3.0) / 6.0;
}

static myr_status mixture_begin(myr_context *context, const myr_job *job, double bytes, int threads,
                                myr_lanes_table *table) {
    (void)threads;
    return myr_mixture_table_create(context, job, bytes, &table->mixture);
}

static void mixture_end(myr_lanes_table *table) {
    myr_mixture_table_destroy(&table->mixture);
}

/* A point takes 20 operations, and 2 a coordinate at the double rate of products of matrices. */
static double empirical_work(const myr_target *target) {
    return (double)myr_empirical_of(target)->count * (target->dimension + 20.0) / 23.0;
}

static myr_status empirical_begin(myr_context *context, const myr_job *job, double bytes, int threads,
                                  myr_lanes_table *table) {
    myr_status status = myr_empirical_table_create(context, job, bytes, &table->empirical);
    if (status != MYR_OK)
        return status;
    status = myr_product_begin(context, threads);
    if (status != MYR_OK)
        myr_empirical_table_destroy(&table->empirical);
    return status;
}

static void empirical_end(myr_lanes_table *table) {
    myr_product_end();
    myr_empirical_table_destroy(&table->empirical);
}

static myr_status pointwise_begin(myr_context *context, const myr_job *job, double bytes, int threads,
                                  myr_lanes_table *table) {
    (void)threads;
    return myr_row_table_create(context, job, &myr_pointwise_levels, bytes, &table->rows);
}

static void pointwise_end(myr_lanes_table *table) {
    myr_row_table_destroy(&table->rows);
}

#define MYR_CPU_POINTWISE(name, D) \
    {&myr_target_##name, myr_pointwise_work, 0, pointwise_begin, pointwise_end, name##_lanes},

static const myr_cpu_denoiser denoisers[] = {
    {&myr_target_gaussian, affine_work, 0, affine_begin, affine_end, affine_lanes},
    {&myr_target_mixture, mixture_work, 0, mixture_begin, mixture_end, mixture_lanes},
    {&myr_target_empirical, empirical_work, MYR_POINT_TILE, empirical_begin, empirical_end,
     empirical_lanes},
    MYR_POINTWISE_LIST(MYR_CPU_POINTWISE)};

myr_status myr_cpu_denoiser_find(myr_context *context, const myr_target *target,
                                 const myr_cpu_denoiser **denoiser) {
    for (size_t n = 0; n < sizeof denoisers / sizeof *denoisers; n++)
        if (denoisers[n].target == target->operations) {
            *denoiser = &denoisers[n];
            return MYR_OK;
        }
    return myr_target_lacks(context, target, "denoiser on the backend cpu");
}
