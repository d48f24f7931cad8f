/** Reading JSON of protobuf messages that was not decoded: config dumps, and what istioctl prints. */

/** A JSON object. */
export type JsonRecord = Readonly<Record<string, unknown>>;

const emptyRecord: JsonRecord = {};

/** `value` when it is a JSON object, else an empty one. */
export const asRecord = (value: unknown): JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonRecord)
    : emptyRecord;

/** `port_value` as `portValue`: protobuf JSON is written both ways, by Envoy and by istioctl. */
const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const own = (record: JsonRecord, name: string): unknown =>
  Object.hasOwn(record, name) ? record[name] : undefined;

/** A field by its name in the .proto file, whichever way it is written. */
export const field = (record: JsonRecord, name: string): unknown =>
  own(record, name) ?? own(record, camelCase(name));

/** A field that is a message; empty when absent. */
export const message = (record: JsonRecord, ...names: readonly string[]): JsonRecord =>
  names.reduce((inner, name) => asRecord(field(inner, name)), record);

/** A field that is a string; '' when absent. */
export const text = (record: JsonRecord, name: string): string => {
  const value = field(record, name);
  return typeof value === 'string' ? value : '';
};

/** A field that is a number; 0 when absent. 64-bit numbers are strings in protobuf JSON. */
export const number = (record: JsonRecord, name: string): number => {
  const value = Number(field(record, name) ?? 0);
  return Number.isFinite(value) ? value : 0;
};

/** A repeated message field. */
export const messages = (record: JsonRecord, name: string): readonly JsonRecord[] => {
  const value = field(record, name);
  return Array.isArray(value) ? value.map(asRecord) : [];
};

/** A repeated string field. */
export const texts = (record: JsonRecord, name: string): readonly string[] => {
  const value = field(record, name);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
};

/** Whether a field is there at all. */
export const has = (record: JsonRecord, name: string): boolean => field(record, name) !== undefined;
