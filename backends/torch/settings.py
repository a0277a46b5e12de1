"""Settings of the PyTorch process without which numbers would not be what the operations say."""

from __future__ import annotations

import torch

# The elementwise functions that ATen hands to MKL's vector mathematics (``ATen/cpu/vml.h``).
VECTOR_MATH = (
    torch.acos,
    torch.asin,
    torch.atan,
    torch.cos,
    torch.erf,
    torch.erfc,
    torch.erfinv,
    torch.exp,
    torch.log,
    torch.log10,
    torch.log2,
    torch.sin,
    torch.sqrt,
    torch.tan,
    torch.tanh,
    torch.trunc,
)


def settle() -> None:
    """Make PyTorch's arithmetic repeatable and full precision; as often as one likes.

    MKL picks the kernel of each such function on its first call. Where that call runs in several threads,
    one of them may compute its share with a kernel that is wrong by 2e-4 (pytorch/pytorch#188792), so the
    first call of each, in either precision, is made here on a single element.

    TF32 keeps 10 bits of mantissa; it is off, in matrix products and in convolutions.
    """
    for precision in (torch.float32, torch.float64):
        element = torch.full((1,), 0.5, dtype=precision)
        for function in VECTOR_MATH:
            function(element)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
