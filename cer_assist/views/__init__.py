"""Flask: form in, HTML out. The edge that owns transactions and turns domain errors into HTTP."""
