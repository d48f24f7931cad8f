import type { ConfigReference } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { linkTo } from '../app/route.ts';

/** Where the page about an object of the configuration is. */
export const linkToConfig = ({ kind, namespace, name }: ConfigReference): string =>
  linkTo('config', [kind, namespace === '' ? '_' : namespace, name]);

/** Objects as links. */
export const ConfigLinks = ({ objects }: { objects: readonly ConfigReference[] }): VNode => (
  <span class="tags">
    {objects.map((object) => (
      <a
        key={`${object.kind}/${object.namespace}/${object.name}`}
        class="tag tag-accent"
        href={linkToConfig(object)}
      >
        {object.kind} {object.name}
      </a>
    ))}
  </span>
);
