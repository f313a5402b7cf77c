/* The launch of a kernel that nvcc has made, by its name: included by ../device_on_host.h where that is asked for. */
#ifndef MYRIAD_PTX_LAUNCH_H
#define MYRIAD_PTX_LAUNCH_H

namespace ptx_on_host {

/* The kernel of a source, NAME.cu, with its parameters packed as PTX has them. */
cudaError_t run(const char *source, const char *name, dim3 grid, dim3 block, size_t shared_bytes,
                const void *parameters, size_t parameter_bytes);

template <typename Kernel>
struct parameters_of {};

template <typename... Parameters, typename... Arguments>
cudaError_t launch(const char *source, const char *name, parameters_of<void (*)(Parameters...)>, dim3 grid,
                   dim3 block, size_t shared_bytes, cudaStream_t, Arguments... arguments) {
    alignas(16) char packed[4096] = {};
    size_t bytes = 0;
    const auto pack = [&](const auto &parameter) {
        constexpr size_t align = alignof(decltype(parameter));
        bytes = (bytes + align - 1) / align * align;
        memcpy(packed + bytes, &parameter, sizeof parameter);
        bytes += sizeof parameter;
    };
    (pack(static_cast<Parameters>(arguments)), ...);
    return run(source, name, grid, block, shared_bytes, packed, bytes);
}

}  // namespace ptx_on_host

#endif
