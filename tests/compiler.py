"""Programs that are compiled for a few periods and thrown away."""

import jax

from basestock.dynamics import residuals, transition

QUICK = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
}
"""Options that compile in half of the time, to code that runs ten times longer.

Whole units are exact at any level of optimization, and the compiler is most of the time that such tests take.
"""

advance = jax.jit(transition, static_argnums=1, compiler_options=QUICK)
"""One period; where one operation after the other is run, each of them is compiled."""

audit = jax.jit(residuals, compiler_options=QUICK)
"""What a period leaves open of each law that is audited."""
