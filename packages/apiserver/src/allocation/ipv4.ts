const octet = String.raw`(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const dotted = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}$`);

/** An IPv4 address as an unsigned number; undefined for any other text. */
export const ipv4ToNumber = (text: string): number | undefined => {
  const parts = dotted.exec(text)?.slice(1);
  return parts?.reduce((sum, part) => sum * 256 + Number(part), 0);
};

/** Dotted text of an unsigned number of 32 bits. */
export const ipv4FromNumber = (number: number): string =>
  [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
