"""The physics of far-field ptychography in plain NumPy, in the precision of its inputs.

Arrays at the border are channels-last, as in spec ``physics_model.md`` 0: patches ``(B, N, N, C)``,
offsets ``(B, 1, 2, C)`` ordered [x, y] in object pixels, probes ``(P, N, N)`` with the mode axis
first, scan positions ``(K, 2)`` ordered [x, y].  Feed float64 and complex128 to know what is true.
"""
