import { message, type Reader, text } from './reader.ts';

/** networking.istio.io StringMatch. All undefined means presence. */
export interface StringMatch {
  readonly exact: string | undefined;
  readonly prefix: string | undefined;
  /** RE2, matched against the whole value. */
  readonly regex: string | undefined;
}

/** `StringMatch`: one of exact, prefix and regex. */
export const stringMatch: Reader<StringMatch | undefined> = message<StringMatch>({
  exact: text,
  prefix: text,
  regex: text,
});
