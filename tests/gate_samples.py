"""Terms of the promotion gate for its tests: those of conf/, with a seed and twelve decisions a year."""

TERMS = {
    "effect_floor": 0.02,
    "alpha": 0.05,
    "budget": 1.0,
    "decisions_per_year": 12,
    "min_effective_origins": 30,
    "min_new_origins": 30,
    "power": 0.8,
    "draws": 999,
    "seed": 1,
    "catastrophic_ratio": 10.0,
}
