import type { StaticFiles } from '../../http-app/static-files.ts';
import type { BookFacts, BookReviews, Product } from './book.ts';

/** One service's part of the page: what it said, if anything, and what it took. */
export interface PagePart<T> {
  readonly value: T | undefined;
  readonly attempts: number;
  readonly elapsedMs: number;
}

/** All that the product page shows. */
export interface ProductPageView {
  readonly product: Product;
  /** Not set: signed out. */
  readonly user: string | undefined;
  readonly podName: string;
  readonly files: StaticFiles;
  readonly details: PagePart<BookFacts>;
  readonly reviews: PagePart<BookReviews>;
}
