/** What the details service says of a book, as label and value, in the order of the page. */
export type BookFacts = ReadonlyMap<string, string>;

/** One review as the page shows it. */
export interface BookReview {
  readonly reviewer: string;
  readonly text: string;
  /** Absent: the reviews service does not rate. A number of stars, or why there is none. */
  readonly rating?: { readonly stars: number; readonly color: string } | { readonly error: string };
}

/** The reviews service's answer. */
export interface BookReviews {
  readonly podName: string;
  readonly clusterName: string;
  readonly reviews: readonly BookReview[];
}

/** A book of the shop; the field names are the JSON of `/api/v1/products`. */
export interface Product {
  readonly id: number;
  readonly title: string;
  readonly descriptionHtml: string;
}

/** All books of the shop. */
export const PRODUCTS: readonly Product[] = [
  {
    id: 0,
    title: 'The Comedy of Errors',
    descriptionHtml:
      'One of <b>William Shakespeare\'s</b> earliest plays, and his shortest. Two pairs of twins, parted in a shipwreck, come to the same town without knowing of each other; a whole day of mistaken identity, misplaced beatings and bad puns follows. Read more on <a href="https://en.wikipedia.org/wiki/The_Comedy_of_Errors">Wikipedia</a>.',
  },
];

const FACT_LABELS: readonly (readonly [field: string, label: string])[] = [
  ['author', 'Author'],
  ['year', 'Year'],
  ['type', 'Type'],
  ['pages', 'Pages'],
  ['publisher', 'Publisher'],
  ['language', 'Language'],
  ['ISBN-10', 'ISBN-10'],
  ['ISBN-13', 'ISBN-13'],
];

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)
    : undefined;
}

/** Reads the details service's JSON; undefined when it is no object. */
export function parseBookFacts(value: unknown): BookFacts | undefined {
  const details = asRecord(value);
  if (details === undefined) return undefined;
  const facts = new Map<string, string>();
  for (const [field, label] of FACT_LABELS) {
    const fact = details[field];
    if (typeof fact === 'string' || typeof fact === 'number') facts.set(label, String(fact));
  }
  return facts;
}

/** Reads the reviews service's JSON; undefined when it has no list of reviews. */
export function parseBookReviews(value: unknown): BookReviews | undefined {
  const answer = asRecord(value);
  if (!Array.isArray(answer?.['reviews'])) return undefined;
  return {
    podName: String(answer['podname'] ?? ''),
    clusterName: String(answer['clustername'] ?? ''),
    reviews: answer['reviews'].map(parseReview),
  };
}

function parseReview(value: unknown): BookReview {
  const review = asRecord(value);
  const words = {
    reviewer: String(review?.['reviewer'] ?? ''),
    text: String(review?.['text'] ?? ''),
  };
  const rating = asRecord(review?.['rating']);
  if (rating === undefined) return words;
  if (typeof rating['error'] === 'string') return { ...words, rating: { error: rating['error'] } };
  const stars = Math.min(5, Math.max(0, Math.round(Number(rating['stars']) || 0)));
  return { ...words, rating: { stars, color: String(rating['color'] ?? 'black') } };
}
