/* The launch of a kernel that nvcc has made, by its name: included by ../device_on_host.h where that is asked for. */
#ifndef MYRIAD_PTX_LAUNCH_H
#define MYRIAD_PTX_LAUNCH_H

namespace ptx_on_host {

constexpr size_t most_parameters = 4096;

/* As PTX has them. */
struct packed {
    alignas(16) char bytes[most_parameters] = {};
    size_t size = 0;
};

/* Queues the kernel of a source, NAME.cu. */
cudaError_t run(const char *source, const char *name, dim3 grid, dim3 block, size_t shared_bytes,
                cudaStream_t stream, const packed &parameters);

template <typename Kernel>
struct parameters_of {};

template <typename... Parameters, typename... Arguments>
cudaError_t launch(const char *source, const char *name, parameters_of<void (*)(Parameters...)>, dim3 grid,
                   dim3 block, size_t shared_bytes, cudaStream_t stream, Arguments... arguments) {
    packed all;
    const auto pack = [&](const auto &parameter) {
        constexpr size_t align = alignof(decltype(parameter));
        all.size = (all.size + align - 1) / align * align;
        memcpy(all.bytes + all.size, &parameter, sizeof parameter);
        all.size += sizeof parameter;
    };
    (pack(static_cast<Parameters>(arguments)), ...);
    return run(source, name, grid, block, shared_bytes, stream, all);
}

}  // namespace ptx_on_host

#endif
