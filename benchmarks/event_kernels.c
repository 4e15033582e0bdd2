/* The work of picojoule/kernels/advance.py for a convolution of one group and stride 1, as plain C: what a compiler
   makes of it is the yardstick of benchmarks/event_kernels.py. */
#include <stdint.h>

long advance(const int64_t *bounds, const int32_t *where, const float *amount, long steps, const float *weights,
             long channels, const int64_t *target, const int64_t *offset, long runs, long length, float *v, long first,
             long rows, long pitch, long row, const float *constant, float threshold, float reset, float amplitude,
             int64_t *out_bounds, int32_t *out_where, float *out_amount) {
    long found = 0;
    out_bounds[0] = 0;
    for (long t = 0; t < steps; t++) {
        for (int64_t e = bounds[t]; e < bounds[t + 1]; e++) {
            uint64_t i = where[e], p = i / (uint64_t)channels, c = i - p * channels;
            const float *w = weights + c * runs * length;
            float a = amount[e];
            for (long r = 0; r < runs; r++, w += length) {
                float *restrict to = v + target[p] + offset[r];
                for (long j = 0; j < length; j++) to[j] += a * w[j];
            }
        }
        long before = found;
        for (long y = 0; y < rows; y++) {
            float *restrict u = v + first + y * pitch;
            const float *c = constant + y * row;
            for (long i = 0; i < row; i++) u[i] += c[i];
            for (long i = 0; i < row; i++) {
                if (u[i] >= threshold) {
                    u[i] -= reset;
                    out_where[found++] = y * row + i;
                }
            }
        }
        for (long e = before; e < found; e++) out_amount[e] = amplitude;
        out_bounds[t + 1] = found;
    }
    return found;
}
