const dateTime =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const formats: Readonly<Record<string, (value: string) => boolean>> = {
  'date-time': (value) => dateTime.test(value),
  byte: (value) => base64.test(value.replace(/[\r\n]/g, '')),
};

/** Whether a string has an OpenAPI format; formats not known here are not checked, as in the API server. */
export const matchesFormat = (format: string, value: string): boolean =>
  Object.hasOwn(formats, format) ? (formats[format]?.(value) ?? true) : true;
