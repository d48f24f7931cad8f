/** What decisions may look at. The proxy implements it over parsed bytes, `explain` over plain data. */
export interface RequestHead {
  readonly method: string;
  /** `http` or `https`. */
  readonly scheme: string;
  /** Host with optional port, as received. */
  readonly authority: string;
  /** Path with query, after normalisation. */
  readonly path: string;
  /** Value of a header by lower-case name; several lines joined with `,`; undefined when absent. */
  header(name: string): string | undefined;
  /** The downstream's certificate, for `tls_context` matches. Absent: the connection is not TLS. */
  readonly clientCertificate?:
    | { readonly presented: boolean; readonly validated: boolean }
    | undefined;
  /** Dynamic metadata at a path, for instance JWT claims. Absent: there is none. */
  dynamicMetadata?(filter: string, path: readonly string[]): unknown;
}

/** Randomness passed in: an integer in [0, limit). */
export type Dice = (limit: number) => number;

/** Probability as numerator over 1,000,000. */
export type Millionths = number;
