import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Width before the first measurement, and never less than the least. */
const startPx = 320;
const leastPx = 80;

/** Width of an element in pixels, kept right while it changes. */
export const useWidth = <T extends HTMLElement>(): [RefObject<T | null>, number] => {
  const root = useRef<T | null>(null);
  const [width, setWidth] = useState(startPx);
  useLayoutEffect(() => {
    const element = root.current;
    if (element === null) return;
    const measure = (): void => setWidth(Math.max(leastPx, element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [root, width];
};
