import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Skeleton } from './feedback.tsx';

/** A component whose code is fetched when it is first drawn. */
export const lazily = <P extends object>(
  load: () => Promise<ComponentType<P>>,
): ((props: P) => VNode) => {
  let loaded: ComponentType<P> | undefined;
  return (props) => {
    const [, setReady] = useState(loaded !== undefined);
    useEffect(() => {
      if (loaded !== undefined) {
        setReady(true);
        return;
      }
      void load().then((component) => {
        loaded = component;
        setReady(true);
      });
    }, []);
    const Component = loaded;
    return Component === undefined ? <Skeleton /> : <Component {...props} />;
  };
};
