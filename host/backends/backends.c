/* The list of backends, and the choice among them. */
#include <stdio.h>
#include <string.h>

#include "ground/environment.h"
#include "ground/failure.h"
#include "myriad/run.h"
#include "record.h"

#ifndef MYRIAD_HAVE_CUDA
static myr_status not_built(myr_context *context, int device) {
    (void)device;
    return myr_fail(context, MYR_NO_DEVICE, "backend: cuda is not in this build");
}

static int no_devices(void) {
    return 0;
}

/* What stands for it in a build without it: names are known, so that it is refused as a missing device. */
static const myr_backend without_cuda = {.name = "cuda",
                                         .help = "not in this build",
                                         .automatic = true,
                                         .fast = true,
                                         .on_host = &myr_backend_cpu,
                                         .device_count = no_devices,
                                         .available = not_built};
#endif

/* In the order in which help shows them, what is not in this build last. A new backend is a line here. */
static const myr_backend *const backends[] = {
    &myr_backend_reference,
    &myr_backend_cpu,
#ifdef MYRIAD_HAVE_CUDA
    &myr_backend_cuda,
#else
    &without_cuda,
#endif
};
enum { BACKEND_COUNT = sizeof backends / sizeof *backends };

/* Of those that are built in. */
static const myr_backend *built(int index) {
    return index >= 0 && index < BACKEND_COUNT && backends[index]->states ? backends[index] : NULL;
}

static bool is_auto(const char *name) {
    return strcmp(name, "auto") == 0;
}

const myr_backend *myr_backend_find(const char *name) {
    for (int index = 0; name && index < BACKEND_COUNT; index++)
        if (strcmp(backends[index]->name, name) == 0)
            return backends[index];
    return NULL;
}

/* The last that auto may take, from the end of the list on, and that has a device or has none; NULL: no such. */
static const myr_backend *automatic(bool device) {
    for (int index = BACKEND_COUNT - 1; index >= 0; index--)
        if (backends[index]->automatic && !backends[index]->device_count == !device)
            return backends[index];
    return NULL;
}

/* auto: the GPU's if that device is usable; else the CPU's, and the reason into note. */
static const myr_backend *choose(int device, char *note) {
    const myr_backend *gpu = automatic(true);
    myr_context *why = NULL;
    const bool usable = myr_context_create(&why) == MYR_OK && gpu->available(why, device) == MYR_OK;
    if (!usable)
        snprintf(note, 256, "running on the CPU: %.200s",
                 gpu->states ? myr_context_error(why) : "this build has no CUDA");
    myr_context_destroy(why);
    return usable ? gpu : automatic(false);
}

static myr_status check_name(myr_context *context, const char *name, int device) {
    if (!name)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "backend: NULL (expected a name)");
    if (device < 0)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "device: %d is negative (expected 0 or more)",
                        device);
    if (!is_auto(name) && !myr_backend_find(name))
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "backend: unknown backend '%s' (expected auto, reference, cpu or cuda)", name);
    return MYR_OK;
}

myr_status myr_backend_resolve_memory(myr_context *context, const char *name, int device,
                                      bool device_memory, const myr_backend **backend, char *note) {
    note[0] = '\0';
    const myr_status status = check_name(context, name, device);
    if (status != MYR_OK)
        return status;
    *backend = !is_auto(name)  ? myr_backend_find(name)
               : device_memory ? automatic(true)
                               : choose(device, note);
    if (device_memory && !(*backend)->device_count)
        return myr_fail(context, MYR_INVALID_ARGUMENT,
                        "memory: backend %s takes host memory (expected backend %s for device memory)",
                        (*backend)->name, automatic(true)->name);
    return (*backend)->available(context, device);
}

myr_status myr_backend_resolve(myr_context *context, const char *name, int device,
                               const myr_backend **backend, char *note) {
    return myr_backend_resolve_memory(context, name, device, false, backend, note);
}

const char *myr_backend_near(const char *name) {
    return name && is_auto(name) ? automatic(false)->name : name;
}

/* ---- public ------------------------------------------------------------------------------------------ */

const char *myr_backend_name(int index) {
    return built(index) ? built(index)->name : NULL;
}

const char *myr_backend_help(int index) {
    return built(index) ? built(index)->help : NULL;
}

const char *myr_backend_choice(int index) {
    return index == 0 ? "auto" : index > 0 && index <= BACKEND_COUNT ? backends[index - 1]->name : NULL;
}

bool myr_backend_has(const char *name, const char *trait) {
    if (!name || !trait)
        return false;
    const myr_backend *one = is_auto(name) ? automatic(true) : myr_backend_find(name);
    const struct {
        const char *name;
        bool holds;
    } traits[] = {{"device", one && one->device_count != NULL},
                  {"double", one && one->doubles},
                  {"fast", one && one->fast},
                  {"abilities", one && (is_auto(name) || one == automatic(false))}};
    for (size_t t = 0; t < sizeof traits / sizeof *traits; t++)
        if (strcmp(traits[t].name, trait) == 0)
            return traits[t].holds;
    return false;
}

myr_status myr_backend_available(myr_context *context, const char *name) {
    MYR_STANDARD_ENVIRONMENT;
    return myr_backend_choose(context, name, 0, NULL, NULL, 0);
}

myr_status myr_backend_choose(myr_context *context, const char *name, int device, const char **chosen,
                              char *note, size_t size) {
    MYR_STANDARD_ENVIRONMENT;
    char why[256];
    const myr_backend *backend;
    const myr_status status = myr_backend_resolve(context, name, device, &backend, why);
    if (status == MYR_OK && chosen)
        *chosen = backend->name;
    if (note && size > 0)
        snprintf(note, size, "%s", status == MYR_OK ? why : "");
    return status;
}

int myr_device_count(void) {
    return automatic(true)->device_count();
}

int myr_device_describe(int device, char *text, size_t size) {
    const myr_backend *gpu = automatic(true);
    size = text ? size : 0;
    if (size > 0)
        text[0] = '\0';
    return gpu->device_describe ? gpu->device_describe(device, text, size) : 0;
}

myr_status myr_device_memory(myr_context *context, int device, uint64_t *used, uint64_t *peak) {
    MYR_STANDARD_ENVIRONMENT;
    const myr_backend *gpu = automatic(true);
    if (!used || !peak)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "used or peak is NULL (expected both)");
    if (device < 0)
        return myr_fail(context, MYR_INVALID_ARGUMENT, "device: %d is out of range (expected 0 or more)",
                        device);
    if (!gpu->device_memory)
        return myr_fail(context, MYR_NO_DEVICE, "this build has no backend with devices");
    return gpu->device_memory(context, device, used, peak);
}

const char *myr_build_description(void) {
#if defined(__clang__)
#define MYR_COMPILER "clang " __clang_version__
#else
#define MYR_COMPILER "gcc " __VERSION__
#endif
#ifdef MYRIAD_HAVE_CUDA
    return "myriad " MYRIAD_VERSION ", " MYR_COMPILER ", with CUDA";
#else
    return "myriad " MYRIAD_VERSION ", " MYR_COMPILER ", without CUDA";
#endif
}
