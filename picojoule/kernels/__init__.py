"""Compiled CPU kernels, each beside its plain-torch reference.

A kernel is numba and serves contiguous float32 tensors on the CPU; its reference is torch, serves every
device and dtype, and is what the tests hold the kernel against.

Kernels are serial: at the sizes of a layer, waking numba's threads costs more than they save, and a serial kernel is
safe in forked workers and from any number of Python threads at once. They leave Python's lock alone, so whoever has
samples or neurons enough may run one in several Python threads that live for that call.
"""
