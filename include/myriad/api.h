/* What the shared library exports: the functions that these headers declare with MYR_API, and nothing else. */
#ifndef MYRIAD_API_H
#define MYRIAD_API_H

#if defined(__GNUC__)
#define MYR_API __attribute__((visibility("default")))
#else
#define MYR_API
#endif

#endif
