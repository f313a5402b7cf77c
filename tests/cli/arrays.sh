# shellcheck shell=sh
# For the command lines of data.test: arrays of numpy without numpy.

# points DESCR SHAPE ORDER BYTES: writes points.npy; BYTES is a Python expression.
points() {
    python3 -c '
import struct, sys
descr, shape, order, expression = sys.argv[1:]
header = ("{\x27descr\x27: \x27%s\x27, \x27fortran_order\x27: %s, \x27shape\x27: %s, }" % (descr, order, shape)).encode()
header += b" " * (-(len(header) + 11) % 64) + b"\n"
open("points.npy", "wb").write(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + eval(expression))' "$@"
}

checksum_of_points() {
    myriad variance --target points.npy --process edm --sampler euler --steps 5 --trajectories 100 --backend cpu \
        --format csv | tail -n 1 | cut -d , -f 19
}

# same_target, with the arguments of points: whether that array is the target [[0, 0], [5, 1], [-3, 4]].
same_target() {
    points "$@" && other=$(checksum_of_points) || return
    points '<f4' '(3, 2)' False 'struct.pack("<6f", 0, 0, 5, 1, -3, 4)' && wanted=$(checksum_of_points) || return
    [ -n "$wanted" ] && [ "$other" = "$wanted" ] && echo same
}
