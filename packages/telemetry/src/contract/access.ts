/**
 * How a page talks to the server. Base path of all answers: `/api/v1/`.
 *
 * Requests that change something (`PUT`, `DELETE`, and `POST config/restore`) need the header
 * `x-lateen-request: 1`, `content-type: application/json` where they have a body, and a same-origin
 * `Origin` / `Sec-Fetch-Site`. The other POST requests (`config/validate`, `config/preview`, `explain`)
 * only compute, but need the same headers. Off loopback also `authorization: Bearer <token>`.
 */
export interface Access {
  /** Whether this client may change configuration right now. */
  readonly canWrite: boolean;
  /** Why not, for people; '' when it may. */
  readonly reason: string;
  /** A bearer token would help. */
  readonly tokenAccepted: boolean;
}
