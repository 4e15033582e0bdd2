"""Compiled CPU kernels, each beside its plain-torch reference.

A kernel is numba and serves contiguous float32 tensors on the CPU; its reference is torch, serves every
device and dtype, and is what the tests hold the kernel against.
"""
