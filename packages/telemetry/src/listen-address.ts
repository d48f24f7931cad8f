/** Where a part listens; port 0: any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}
