import type { ComponentChildren, VNode } from 'preact';

/** A part of a page with a heading. `isFlush`: its content reaches the edges (tables). */
export const Card = ({
  title,
  aside,
  isFlush,
  children,
}: {
  title: string;
  aside?: ComponentChildren;
  isFlush?: boolean;
  children: ComponentChildren;
}): VNode => (
  <section class="card" aria-label={title}>
    <header>
      <h2>{title}</h2>
      {aside}
    </header>
    <div class={isFlush === true ? 'card-flush' : 'card-body'}>{children}</div>
  </section>
);

/** Names and values under each other; empty values are left out. */
export const Facts = ({
  facts,
}: {
  facts: readonly (readonly [string, ComponentChildren])[];
}): VNode => (
  <dl class="facts">
    {facts
      .filter(([, value]) => value !== '' && value !== undefined && value !== null)
      .map(([name, value]) => (
        <Fact key={name} name={name} value={value} />
      ))}
  </dl>
);

const Fact = ({ name, value }: { name: string; value: ComponentChildren }): VNode => (
  <>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </>
);

/** Labels `key=value` as tags. */
export const Labels = ({ labels }: { labels: Readonly<Record<string, string>> }): VNode => (
  <span class="tags">
    {Object.entries(labels).map(([key, value]) => (
      <span key={key} class="tag mono">
        {key}={value}
      </span>
    ))}
  </span>
);
