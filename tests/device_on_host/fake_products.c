/* host/cuda/cuda_product.h by CBLAS, on the host as a device: each product, beginning and end may be made
 * to fail, as "products" (fake_failure). */
#include <cblas.h>
#include <stdlib.h>

#include "cuda/cuda_product.h"
#include "fake_runtime.h"
#include "ground/failure.h"

struct myr_cuda_products {
    int begun;
};

static myr_status checked(myr_context *context, const char *doing) {
    return myr_cuda_check(context, fake_fault("products"), doing);
}

myr_status myr_cuda_products_begin(myr_context *context, const myr_cuda_session *session,
                                   myr_cuda_products **products) {
    (void)session;
    *products = calloc(1, sizeof **products);
    return *products ? checked(context, "starting products") : myr_fail_memory(context, sizeof **products);
}

void myr_cuda_products_end(myr_cuda_products *products) {
    free(products);
}

myr_status myr_cuda_product(myr_context *context, myr_cuda_products *products, int64_t rows,
                            int64_t columns, int64_t inner, myr_cuda_matrix left, myr_cuda_matrix right,
                            bool add, float *d_to, int64_t to_stride) {
    (void)products;
    cblas_sgemm(CblasRowMajor, left.transposed ? CblasTrans : CblasNoTrans,
                right.transposed ? CblasTrans : CblasNoTrans, (int)rows, (int)columns, (int)inner, 1.0f,
                left.d_data, (int)left.stride, right.d_data, (int)right.stride, add ? 1.0f : 0.0f, d_to,
                (int)to_stride);
    return checked(context, "multiplying");
}

myr_status myr_cuda_products_at_once(myr_context *context, myr_cuda_products *products, int count,
                                     int64_t rows, int64_t columns, int64_t inner, myr_cuda_matrix left,
                                     int64_t left_step, myr_cuda_matrix right, int64_t right_step,
                                     float *d_to, int64_t to_stride, int64_t to_step) {
    myr_status status = MYR_OK;
    for (int k = 0; status == MYR_OK && k < count; k++) {
        status =
            myr_cuda_product(context, products, rows, columns, inner, left, right, false, d_to, to_stride);
        left.d_data += left_step;
        right.d_data += right_step;
        d_to += to_step;
    }
    return status;
}
