import { type HtmlValue, html, type Markup } from '../../http-app/html.ts';
import type { BookReview } from './book.ts';
import type { PagePart, ProductPageView } from './product-page-view.ts';

interface Hop {
  readonly service: string;
  /** Which of its instances answered, when it says so. */
  readonly instance?: string | undefined;
  readonly state: 'ok' | 'failed';
  readonly note: string;
}

/** The band at the foot of the page: which services were asked for it, who answered and how long it took. */
export function renderRequestPath(view: ProductPageView): Markup {
  const caller = view.user === undefined ? 'signed out' : `end-user: ${view.user}`;
  const page = {
    service: 'productpage',
    instance: view.podName,
    state: 'ok',
    note: caller,
  } as const;
  const details = { service: 'details', ...outcome(view.details) };
  const reviews = {
    service: 'reviews',
    instance: view.reviews.value?.podName,
    ...outcome(view.reviews),
  };
  return html`<section class="request-path" aria-labelledby="request-path-title">
        <h2 id="request-path-title" class="small">How this page came about</h2>
        <ul class="hops">
          <li>${renderHop(page)}
            <ul>
              <li>${renderHop(details)}</li>
              <li>${renderHop(reviews)}${ratings(view.reviews.value?.reviews)}</li>
            </ul>
          </li>
        </ul>
      </section>`;
}

function outcome({ value, attempts, elapsedMs }: PagePart<unknown>): Pick<Hop, 'state' | 'note'> {
  const time =
    elapsedMs < 1000 ? `${Math.ceil(elapsedMs)} ms` : `${(elapsedMs / 1000).toFixed(1)} s`;
  if (value !== undefined) {
    return { state: 'ok', note: attempts > 1 ? `${time}, attempt ${attempts}` : time };
  }
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  return { state: 'failed', note: `no answer, ${tries}, ${time}` };
}

/** Only reviews knows whether ratings answered; its versions without ratings, or no answer of its own, say nothing of them. */
function ratings(reviews: readonly BookReview[] | undefined): HtmlValue {
  const asked = reviews?.filter((review) => review.rating !== undefined) ?? [];
  if (asked.length === 0) return undefined;
  const failed = asked.some(({ rating }) => rating !== undefined && 'error' in rating);
  const hop: Hop = failed
    ? { service: 'ratings', state: 'failed', note: 'unavailable' }
    : { service: 'ratings', state: 'ok', note: 'answered' };
  return html`
                <ul><li>${renderHop(hop)}</li></ul>`;
}

function renderHop({ service, instance, state, note }: Hop): Markup {
  const version = /-(v\d+)-/.exec(instance ?? '')?.[1];
  return html`<div class="hop hop-${state}"><strong>${service}${version !== undefined && html` <span class="version">${version}</span>`}</strong> <span class="note">${note}</span>${instance !== undefined && html` <code>${instance}</code>`}</div>`;
}
