import { html, type Markup } from '../../http-app/html.ts';

/** The shape that every star of the page uses. */
export const STAR_SYMBOL: Markup = html`<svg class="symbols" aria-hidden="true"><symbol id="star" viewBox="0 0 24 24"><path d="M12 1.8l3.1 6.6 7.2.9-5.3 5 1.4 7.2L12 17.9l-6.4 3.6L7 14.3l-5.3-5 7.2-.9z"/></symbol></svg>
        `;

/** The book's cover: two masks that share an eye, as easily mixed up as the play's twins. */
export const COVER: Markup = html`<svg class="cover" viewBox="0 0 240 340" role="img" aria-label="Cover of The Comedy of Errors: two masks that look alike">
          <rect class="cover-board" width="240" height="340" rx="4"/>
          <path class="cover-spine" d="M16 0v340"/>
          <path class="cover-twin cover-twin-one" d="M51 118q52-24 104 0v58q0 56-52 74-52-18-52-74z"/>
          <path class="cover-twin cover-twin-two" d="M101 118q52-24 104 0v58q0 56-52 74-52-18-52-74z"/>
          <path class="cover-face" d="M64 152q14-14 28 0-14 9-28 0zm50 0q14-14 28 0-14 9-28 0zm50 0q14-14 28 0-14 9-28 0zM81 194h44q-3 25-22 25t-22-25zm50 0h44q-3 25-22 25t-22-25z"/>
          <text class="cover-title" x="128" y="46">THE COMEDY</text>
          <text class="cover-title" x="128" y="74">OF ERRORS</text>
          <text class="cover-author" x="128" y="306">WILLIAM SHAKESPEARE</text>
        </svg>`;
