/** A subject alternative name. */
export interface SubjectName {
  readonly type: 'dns' | 'uri' | 'email' | 'ip' | 'other';
  readonly value: string;
}

const nameTypes: Readonly<Record<string, SubjectName['type']>> = {
  DNS: 'dns',
  URI: 'uri',
  email: 'email',
  'IP Address': 'ip',
};

/** One name as Node prints it: `URI:text`, or `URI:"text"` as JSON where the text could mislead. */
const namePattern = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

const unquote = (text: string): string | undefined => {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
};

/**
 * Reads the names of a certificate from `X509Certificate.subjectAltName`. Text that cannot be read
 * to its end gives no names at all: a name must never be made up out of a part of another.
 */
export const parseSubjectNames = (text: string | undefined): readonly SubjectName[] => {
  const names: SubjectName[] = [];
  if (text === undefined || text === '') return names;
  namePattern.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    const match = namePattern.exec(text);
    const value = match === null ? undefined : unquote(match[2] ?? '');
    if (match === null || value === undefined) return [];
    names.push({ type: nameTypes[match[1] ?? ''] ?? 'other', value });
    at = namePattern.lastIndex;
  }
  return names;
};

/** A distinguished name as RFC 2253 has it, out of Node's form: last attribute first, one line. */
export const subjectText = (subject: string | undefined): string =>
  (subject ?? '').split('\n').reverse().join(',');
