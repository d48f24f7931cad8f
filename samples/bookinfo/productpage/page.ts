import { html, Markup } from '../../http-app/html.ts';
import type { BookFacts, BookReview, BookReviews } from './book.ts';
import { COVER, STAR_SYMBOL } from './drawings.ts';
import type { ProductPageView } from './product-page-view.ts';
import { renderRequestPath } from './request-path.ts';

/** Stars a reviewer can give. */
const MAX_STARS = 5;

/** The product page. It needs no script: signing in opens by the popover attribute. */
export function renderProductPage(view: ProductPageView): string {
  const { product, files } = view;
  return html`<!DOCTYPE html>
<html lang="en">
  <head>
    <title>Simple Bookstore App</title>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="${files.href('icon.svg')}">
    <link rel="stylesheet" href="${files.href('bookinfo.css')}">
  </head>
  <body>
    <header class="bar">
      <a class="brand" href="productpage">BookInfo Sample</a>
      ${renderAccount(view.user)}
    </header>
    <main>
      <section class="book" aria-labelledby="title">
        ${COVER}
        <div>
          <h1 id="title">${product.title}</h1>
          <p class="summary">${new Markup(product.descriptionHtml)}</p>
          ${renderDetails(view.details.value)}
        </div>
      </section>
      <section class="reviews" aria-labelledby="reviews-title">
        ${renderReviews(view.reviews.value)}
      </section>
      ${renderRequestPath(view)}
    </main>
  </body>
</html>
`.text;
}

function renderAccount(user: string | undefined): Markup {
  if (user !== undefined) {
    return html`<p class="account"><strong class="user">${user}</strong> (<a href="logout">sign out</a>)</p>`;
  }
  return html`<button class="account" type="button" popovertarget="sign-in">Sign in</button>
      <form id="sign-in" class="sign-in" popover method="post" action="login" aria-labelledby="sign-in-title">
        <h2 id="sign-in-title">Sign in</h2>
        <p>Any name and password will do. The calls behind this page then carry <code>end-user</code> with your name.</p>
        <label>User name <input name="username" autocomplete="username" maxlength="64" required autofocus></label>
        <label>Password <input name="passwd" type="password" autocomplete="current-password"></label>
        <p class="buttons">
          <button type="submit">Sign in</button>
          <button type="button" class="quiet" popovertarget="sign-in" popovertargetaction="hide">Cancel</button>
        </p>
      </form>`;
}

function renderError(title: string, text: string, id?: string): Markup {
  return html`<div class="error" role="alert">
          <h2${id !== undefined && html` id="${id}"`}>${title}</h2>
          <p>${text}</p>
        </div>`;
}

function renderDetails(facts: BookFacts | undefined): Markup {
  if (facts === undefined) {
    return renderError(
      'Error fetching product details!',
      'Sorry, product details are currently unavailable for this book.',
    );
  }
  const rows = [...facts].map(
    ([label, fact]) => html`<div><dt>${label}</dt><dd>${fact}</dd></div>
            `,
  );
  return html`<h2 class="small">Book Details</h2>
          <dl class="facts">
            ${rows}
          </dl>`;
}

function renderReviews(answer: BookReviews | undefined): Markup {
  if (answer === undefined) {
    return renderError(
      'Error fetching product reviews!',
      'Sorry, product reviews are currently unavailable for this book.',
      'reviews-title',
    );
  }
  const cluster = answer.clusterName !== '' && answer.clusterName !== 'null' && answer.clusterName;
  const rated = answer.reviews.some(({ rating }) => rating !== undefined && 'stars' in rating);
  return html`${rated && STAR_SYMBOL}<h2 id="reviews-title">Book Reviews</h2>
        <p class="served">Reviews served by: <code>${answer.podName}</code>${cluster && html` on cluster <code>${cluster}</code>`}</p>
        <div class="cards">
          ${answer.reviews.map(renderReview)}
        </div>`;
}

function renderReview({ reviewer, text, rating }: BookReview): Markup {
  return html`<figure class="card">
            ${rating !== undefined && renderRating(rating)}<blockquote>${text}</blockquote>
            <figcaption>${reviewer}</figcaption>
          </figure>
          `;
}

function renderRating(rating: NonNullable<BookReview['rating']>): Markup {
  if ('error' in rating) return html`<p class="no-rating">${rating.error}</p>`;
  const { stars } = rating;
  const color = rating.color === 'red' ? 'red' : 'black';
  const shapes = Array.from({ length: MAX_STARS }, (_, index) => {
    const name = index < stars ? `star star-${color}` : 'star star-empty';
    return html`<svg class="${name}" viewBox="0 0 24 24" aria-hidden="true"><use href="#star"/></svg>`;
  });
  const words = stars === 1 ? '1 star' : `${stars} stars`;
  return html`<p class="rating" role="img" aria-label="${words}, ${color}">${shapes}</p>`;
}
