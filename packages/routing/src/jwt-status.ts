/** Why a token is not good; the texts are those Envoy answers with. */
export const jwtStatusTexts = {
  missing: 'Jwt is missing',
  'not-yet-valid': 'Jwt not yet valid',
  expired: 'Jwt is expired',
  'bad-format': 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  'header-bad-base64': 'Jwt header is an invalid Base64url encoded',
  'header-bad-json': 'Jwt header is an invalid JSON',
  'header-bad-alg': 'Jwt header [alg] field is required and must be a string',
  'header-alg-unknown': 'Jwt header [alg] is not supported',
  'header-bad-kid': 'Jwt header [kid] field is not a string',
  /** RFC 7515, 4.1.11: what is critical and not understood must be refused. */
  'header-critical': 'Jwt header [crit] is not supported',
  'payload-bad-base64': 'Jwt payload is an invalid Base64',
  'payload-bad-json': 'Jwt payload is an invalid JSON',
  'payload-bad-iss': 'Jwt payload [iss] field is not a string',
  'payload-bad-sub': 'Jwt payload [sub] field is not a string',
  'payload-bad-iat': 'Jwt payload [iat] field is not an integer',
  'payload-bad-nbf': 'Jwt payload [nbf] field is not an integer',
  'payload-bad-exp': 'Jwt payload [exp] field is not an integer',
  'payload-bad-jti': 'Jwt payload [jti] field is not a string',
  'payload-bad-aud': 'Jwt payload [aud] field is not a string',
  'signature-bad-base64': 'Jwt signature is an invalid Base64',
  'unknown-issuer': 'Jwt issuer is not configured',
  'audience-not-allowed': 'Audiences in Jwt are not allowed',
  'verification-failed': 'Jwt verification fails',
  'no-valid-keys': "Jwks doesn't have any valid public key",
  'no-matching-key': "Jwks doesn't have key to match kid or alg from Jwt",
  'jwks-fetch-failed': 'Jwks remote fetch is failed',
} as const;

/** Why a token is not good. */
export type JwtStatus = keyof typeof jwtStatusTexts;
