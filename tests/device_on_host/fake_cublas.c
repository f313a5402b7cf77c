/* A library that has the names of cuBLAS's functions, for the test that looks for one; with LACKING, not all of them. */
int cublasCreate_v2(void);
int cublasDestroy_v2(void);
int cublasSetStream_v2(void);
int cublasSgemm_v2(void);
int cublasSgemmStridedBatched(void);
int cublasGemmEx(void);

int cublasCreate_v2(void) {
    return 1;
}
int cublasDestroy_v2(void) {
    return 2;
}
int cublasSetStream_v2(void) {
    return 3;
}
int cublasSgemm_v2(void) {
    return 4;
}
int cublasSgemmStridedBatched(void) {
    return 5;
}
#ifndef LACKING
int cublasGemmEx(void) {
    return 6;
}
#endif
