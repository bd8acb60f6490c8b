"""cmath: values, branch cuts and what is an error."""

import cmath

print([round(part, 12) for part in cmath.polar(3 + 4j)], cmath.rect(2, 0.0), cmath.phase(-1), cmath.phase(complex(-1, -0.0)))
for name in "acos acosh asin asinh atan atanh cos cosh exp log log10 sin sinh sqrt tan tanh".split():
    function = getattr(cmath, name)
    value = function(0.5 + 1.25j)
    print(name, f"{value:.10f}")
print(cmath.sqrt(-4), cmath.sqrt(complex(-4, -0.0)), cmath.log(8, 2), cmath.infj, cmath.nanj, cmath.tau)
print(cmath.isclose(1 + 1e-12j, 1), cmath.isfinite(cmath.infj), cmath.isinf(cmath.infj), cmath.isnan(cmath.nanj))
print(cmath.acos(cmath.inf), cmath.tan(cmath.infj), cmath.exp(-cmath.inf), cmath.rect(0, cmath.nan))
for call in [
    lambda: cmath.log(0),
    lambda: cmath.log(2, 1),
    lambda: cmath.atanh(1),
    lambda: cmath.atan(-1j),
    lambda: cmath.exp(1e5),
    lambda: cmath.cosh(complex(1e5, 1)),
    lambda: cmath.cos(cmath.inf),
    lambda: cmath.tanh(cmath.infj),
    lambda: cmath.rect(1, cmath.inf),
    lambda: cmath.polar(complex(1.7e308, 1.7e308)),
    lambda: cmath.sin("a"),
    lambda: cmath.isclose(1, 2, abs_tol=-1),
]:
    try:
        print(call())
    except Exception as error:
        print(type(error).__name__, error)
