"""The launch: OIDC login, the strict verifier around pylti1p3, key sets, tokens. No other
package imports the library."""
