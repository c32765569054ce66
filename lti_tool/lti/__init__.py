"""The launch: OIDC login, the strict verifier around pylti1p3, key sets, tokens. The library is known here and nowhere else."""
