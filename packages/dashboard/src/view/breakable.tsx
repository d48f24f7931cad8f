import type { ComponentChildren } from 'preact';

/** A name that may be broken after its dots, bars, colons and slashes, and nowhere else as long as that suffices. */
export const breakable = (name: string): ComponentChildren =>
  name
    .split(/(?<=[.|:/])/)
    .flatMap((part, index) => (index === 0 ? [part] : [<wbr key={index} />, part]));
